"""What every kind of change can do, and what it may use to do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypedDict

from piwizard.errors import PiwizardError
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.background_job import BackgroundJob
from piwizard.system.commands import Result
from piwizard.system.system_cache import SystemCache

Before = dict[str, Any]
"""How a thing was before piwizard altered it: JSON types only, in a shape that the module of the kind defines."""


class Record(TypedDict):
    """An entry of a journal: how one thing was before it was first altered. `kind` names the module that undoes it."""

    kind: str
    target: str
    before: Before


class ChangeFailed(PiwizardError):
    """A change could not be made; the sentence is for a person."""


@dataclass(frozen=True)
class Preview:
    """What applying a change would do: nothing (`holds`), a diff of a file, commands."""

    holds: bool
    diff: str = ""
    argv: tuple[tuple[str, ...], ...] = ()
    edited: bool = False
    """Somebody changed the file since piwizard wrote it: it is not overwritten without a yes."""
    now: str = ""
    """What is there instead, where that is worth naming: "eth0 has 192.168.1.100"."""
    warnings: tuple[str, ...] = ()
    """What a person has to know before saying yes, in whole sentences."""
    pending: bool = False
    """A background job is at work on it already."""


HOLDS = Preview(holds=True)


class OwnershipIndex(Protocol):
    """What piwizard remembers of its own writing."""

    def wrote(self, path: Path, sha256: str) -> bool:
        """Whether piwizard wrote a file of this content at this path, or found it so before its first writing."""

    def owns(self, path: Path) -> bool:
        """Whether piwizard ever wrote at this path."""

    def unfinished(self, group: str) -> bool:
        """Whether a group was begun and its guard or what follows has not been passed yet."""


class ApplyContext(OwnershipIndex, Protocol):
    """What a change may use while it is applied or undone. Everything done through it becomes an event."""

    machine: SystemCache
    overwrite: bool
    """The person said yes to replacing files edited by hand."""
    wipe: bool
    """Undo takes away also what the app has written."""

    def command(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        allow: Sequence[int] = (0,),
    ) -> Result:
        """Runs a command; raises ChangeFailed with its last words where the exit code is not allowed."""

    def job(self, argv: Sequence[str], sandbox: Sandbox, *, env: Mapping[str, str], cwd: Path) -> Result:
        """Runs a command of an app's in a transient unit with this sandbox, whatever its exit code.

        When it returns, none of the processes that the command has started is left. ChangeFailed where one is.
        """

    def write(self, path: Path, content: bytes, mode: int, ids: tuple[int, int]) -> None:
        """Replaces a file atomically, after its original went to the backups."""

    def remember(self, kind: str, target: str, before: Before) -> None:
        """Notes for undo how something was; only the first note of a target counts. On disk before it returns."""

    def note(self, path: Path, did: str) -> None:
        """Says in the run's record that something other than a file's content was altered at `path`."""

    def say(self, text: str) -> None:
        """A line for whoever watches: what is being waited for, and why."""

    def continue_in(self, job: BackgroundJob) -> None:
        """End the run of this step here: the job was started, and starts another run of the step at its end."""

    def make(self, change: Change) -> bool:
        """Probes a change and applies it where it does not hold; says whether it was applied."""

    def shared(self) -> AbstractContextManager[None]:
        """What is noted for undo inside of this belongs to all sites together, not to one."""

    def begin(self, group: str, paths: Sequence[Path]) -> None:
        """Keeps what is at these paths, on disk, until `finish` or `take_back`; a group begun before stays begun."""

    def finish(self, group: str) -> None:
        """The group holds: what was kept for it can go."""

    def take_back(self, group: str) -> None:
        """Puts every file of a group back to what it was when the group was begun."""

    def original(self, record: Record) -> bytes:
        """The content that a file had before piwizard, from the backups."""


class Change(Protocol):
    """The smallest thing that alters the machine. Applying twice is applying once."""

    kind: ClassVar[str]

    def describe(self) -> str:
        """One line that says what it is."""

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Whether it is already so, and if not, what would be done. Alters nothing."""

    def apply(self, work: ApplyContext) -> None:
        """Makes it so. May be killed at any instruction; applying again ends in the same place."""


class Undo(Protocol):
    """The way back for one kind of record."""

    def __call__(self, record: Record, work: ApplyContext) -> str | None:
        """Puts a thing back to how it was. Returns a sentence if it was left alone, and why."""
