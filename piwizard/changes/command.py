"""Commands that run once, and notices about commands that do not run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.changes.build_workspace import workspace
from piwizard.changes.error_hints import out_of_memory, out_of_time, too_new, wants_to_write
from piwizard.system import files, safe_open, tree_copy
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.commands import ANY_EXIT, Result
from piwizard.system.egress_filter import INTERNET
from piwizard.system.files import ROOT, Owner
from piwizard.system.system_cache import SystemCache
from piwizard.system.tree_copy import Modes

VARIABLE = re.compile(r"app\.env\.([A-Za-z_]\w*): ")
MOST_NAMED = 5
LONGEST = 3600
"""Seconds that a command of an app may take."""
GIVE_IT = (
    "`piwizard doctor --fix` asks you for it; you can also put it into [app.env] of the answers, then apply again."
)


@dataclass(frozen=True)
class Command:
    """Runs `argv` as `user` in `cwd`; the file `marker` says that it went well, and with which words.

    `env` may hold secrets: it is handed over in the environment, shown nowhere. `failure` is the sentence for
    a person, with the answer's `key` at fault. `proves` is what has to stay the same for the marker to count, where
    that is less than `argv`: a new host name, or a piwizard installed elsewhere, is no reason to run it again.
    As root it is run as it is. As another user it is run in the sandbox of the app's service: it may write `writable`,
    reach `network`, and run `scripts` of piwizard's.
    `makes` is a folder of root's that the command makes files in: it works on a copy, and what it made is copied back;
    of what is `writable` it then gets empty folders alone.
    `variables` are those that the app reads and nobody gave: where its last words name one, that is what it lacks.
    It is run in the folder `start` of the checkout at `code`.
    `measures` takes from its words what is kept in the marker, for others to read.
    """

    kind: ClassVar[str] = "command"
    what: str
    argv: tuple[str, ...]
    marker: Path
    user: str
    code: Path
    failure: str
    key: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    proves: tuple[str, ...] = ()
    makes: Path | None = None
    writable: tuple[Path, ...] = ()
    scripts: tuple[Path, ...] = ()
    network: str = INTERNET
    variables: tuple[str, ...] = ()
    measures: Callable[[str], Mapping[str, int]] | None = None
    start: str = ""

    def describe(self) -> str:
        return self.what

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return IN_SYNC if self._proven() else Preview(in_sync=False, argv=(self.argv,))

    def apply(self, work: ApplyContext) -> None:
        result = self._run(work)
        if not result.ok:
            raise self._failed(result)
        files.make_folders(self.marker.parent)
        found = {"measured": dict(self.measures(result.output))} if self.measures else {}
        files.replace(self.marker, json.dumps({"argv": self._wanted, **found}).encode())

    def _run(self, work: ApplyContext) -> Result:
        cwd = self.code / self.start
        if self.user == ROOT.user:
            return work.command(self.argv, env=self.env, cwd=cwd, allow=ANY_EXIT)
        if self.makes is None:
            sandbox = Sandbox(self.user, self.writable, seconds=LONGEST, scripts=self.scripts, network=self.network)
            return work.job(self.argv, sandbox, env=self.env, cwd=cwd)
        with workspace(self.user, self.user) as place:
            place.copy(self.makes, "made")
            # Of the data it gets the folders alone: what it does there is gone afterwards.
            empty = tuple(
                (place.outline(folder, f"data{number}"), folder) for number, folder in enumerate(self.writable)
            )
            sandbox = place.sandbox(binds=(("made", self.makes), *empty), seconds=LONGEST)
            sandbox = replace(sandbox, network=self.network)
            result = work.job(self.argv, sandbox, env=self.env, cwd=cwd)
            if result.ok:
                with safe_open.open_folder(place.folder / "made") as made, safe_open.open_folder(self.makes) as target:
                    tree_copy.copy_changes(made, target, Modes(Owner("root", self.user).ids(), 0o750, 0o750, 0o440))
            return result

    def _failed(self, result: Result) -> ChangeFailed:
        """The sentence; last words that begin with a variable of the app's stand by themselves."""
        words = last_line(result)
        lacking = next((name for name in self.variables if re.search(rf"\b{name}\b", words)), None)
        if named := VARIABLE.match(words):  # the smoke test's own last line
            return ChangeFailed(words, key=f"app.env.{named[1]}", hint=GIVE_IT)
        if lacking:
            words = f"app.env.{lacking}: the app asks for this variable: {words}"
            return ChangeFailed(words, key=f"app.env.{lacking}", hint=GIVE_IT)
        hint = (
            out_of_memory(result)
            or out_of_time(result, LONGEST)
            or too_new(result)
            or wants_to_write(result, self.code)
            or self._not_given
        )
        return ChangeFailed(f"{self.failure} {words}", key=self.key, hint=hint)

    @property
    def _not_given(self) -> str | None:
        """What it may lack, where its words do not say."""
        if not self.variables:
            return None
        names = ", ".join(self.variables[:MOST_NAMED]) + (" and others" if len(self.variables) > MOST_NAMED else "")
        return f"Its code reads variables that nobody has given: {names}. [app.env] of the answers is their place."

    @property
    def _wanted(self) -> list[str]:
        return list(self.proves or self.argv)

    def _proven(self) -> bool:
        try:
            return bool(json.loads(files.read(self.marker) or b"{}").get("argv") == self._wanted)
        except (ValueError, AttributeError):
            return False


def last_line(result: Result) -> str:
    """The most telling line of a failed command: its last one that says anything."""
    lines = [line.strip() for line in result.tail if line.strip()]
    return lines[-1] if lines else f"It ended with exit code {result.exit} and said nothing."


@dataclass(frozen=True)
class Notice:
    """A sentence that a person has to know before saying yes. It holds always."""

    kind: ClassVar[str] = "notice"
    title: str
    sentence: str

    def describe(self) -> str:
        return self.title

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return Preview(in_sync=True, warnings=(self.sentence,))

    def apply(self, work: ApplyContext) -> None:
        work.say(self.sentence)


@dataclass(frozen=True)
class OfferedCommand(Notice):
    """A command that was found in the code, and runs only where the person answers so.

    `question` asks for it by name; `answer` is the value of `app.init` with which it runs.
    """

    question: str
    line: str
    answer: tuple[str, ...]
