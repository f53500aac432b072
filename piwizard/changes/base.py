"""Define what every kind of change can do, and what it may use to do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypedDict

from piwizard.errors import PiwizardError
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.background_job import BackgroundJob
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

Before = dict[str, Any]
"""The state of one thing before piwizard changed it: JSON types only, in a shape defined by the module of its kind."""


class Record(TypedDict):
    """An entry of an undo journal: the state of one thing before its first change.

    `kind` selects the undo function.
    """

    kind: str
    target: str
    before: Before


class ChangeFailed(PiwizardError):
    """A change could not be applied. The message is for the user."""


class RestartNeeded(ChangeFailed):
    """A change waits for a restart of the machine. After it, the same run succeeds."""


@dataclass(frozen=True)
class Preview:
    """The effect of applying a change.

    Nothing (`in_sync`), a file is written (`diff`), or commands run (`argv`).
    """

    in_sync: bool
    diff: str = ""
    argv: tuple[tuple[str, ...], ...] = ()
    edited: bool = False
    """The file was edited since piwizard wrote it: it is not overwritten unless the user agrees."""
    now: str = ""
    """The current state, where it is worth showing: "eth0 has 192.168.1.100"."""
    warnings: tuple[str, ...] = ()
    """What the user has to know before agreeing, in whole sentences."""
    pending: bool = False
    """A background job is working on it already."""


IN_SYNC = Preview(in_sync=True)


class OwnershipIndex(Protocol):
    """An index of the files that piwizard wrote."""

    def wrote(self, path: Path, sha256: str) -> bool:
        """Check whether piwizard wrote this content to this path.

        The content found there before its first write counts too.
        """

    def owns(self, path: Path) -> bool:
        """Check whether piwizard ever wrote to this path."""

    def edited(self, path: Path) -> bool:
        """Check whether the user or a program changed a file or link that piwizard wrote."""

    def unfinished(self, group: str) -> bool:
        """Check whether a transaction was begun and not yet validated and activated."""


class ApplyContext(OwnershipIndex, Protocol):
    """The means that a change may use while it is applied or undone.

    Everything that is done through it becomes an event.
    """

    machine: SystemCache
    overwrite: bool
    """The user agreed to replace files that were edited by hand."""
    wipe: bool
    """Undo also deletes the data of the app."""

    def command(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        allow: Sequence[int] = (0,),
        prefix: Sequence[str] = (),
    ) -> Result:
        """Run a command as root, or with the rights and limits that a `prefix` leaves it.

        Raise ChangeFailed with its last line if its exit code is not in `allow`.
        """

    def job(self, argv: Sequence[str], sandbox: Sandbox, *, env: Mapping[str, str], cwd: Path) -> Result:
        """Run a command of an app in a transient unit with this sandbox.

        Any exit code is allowed.

        When it returns, no process that the command started is left. Raise ChangeFailed if one is.
        """

    def write(self, path: Path, content: bytes, mode: int, ids: tuple[int, int]) -> None:
        """Replace a file atomically, after backing up its original.

        A version that was edited by hand is kept, and the log says how to restore it.
        """

    def link(self, path: Path, to: str | None) -> None:
        """Make a link atomically, or remove it if `to` is None.

        Its former state is recorded before.

        A version that was changed by hand is kept, and the log says how to restore it.
        """

    def remember(self, kind: str, target: str, before: Before) -> None:
        """Record a state for undo, on disk before this returns.

        Only the first record of a target counts.
        """

    def note(self, path: Path, did: str) -> None:
        """Log a change at `path` that is not a change of a file's content."""

    def say(self, text: str) -> None:
        """Log a line for the user, such as what the run waits for, and why."""

    def continue_in(self, job: BackgroundJob) -> None:
        """End the run of this step here.

        The job was started, and starts another run of the step when it is done.
        """

    def make(self, change: Change) -> bool:
        """Probe a change and apply it unless it is in sync.

        Return whether it was applied.
        """

    def shared(self) -> AbstractContextManager[None]:
        """Return a context in which records belong to all sites together instead of one."""

    def begin(self, group: str, paths: Sequence[Path]) -> None:
        """Back up these paths on disk until `finish` or `roll_back`.

        Keep the backups of a transaction begun before.
        """

    def finish(self, group: str) -> None:
        """Commit a transaction: remove its backups."""

    def roll_back(self, group: str) -> None:
        """Restore every file of a transaction to its content from before the transaction."""

    def original(self, record: Record) -> bytes:
        """Return the content of a file from before piwizard, from the backups."""


class Change(Protocol):
    """The smallest thing that changes the machine.

    Applying it twice has the same result as applying it once.
    """

    kind: ClassVar[str]

    def describe(self) -> str:
        """Return one line that describes the change."""

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Compare the machine with the change, without changing anything."""

    def apply(self, work: ApplyContext) -> None:
        """Apply the change.

        It may be killed at any instruction: applying it again has the same result.
        """


class Undo(Protocol):
    """The function that undoes one kind of record."""

    def __call__(self, record: Record, work: ApplyContext) -> str | None:
        """Restore the recorded state. Return a sentence if it was left alone, and why."""
