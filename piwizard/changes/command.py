"""Run commands once, and give notice of commands that do not run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar

from piwizard.changes.apt import Packages
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.changes.build_workspace import workspace
from piwizard.changes.error_hints import closed_device, out_of_memory, out_of_time, too_new, wants_to_write
from piwizard.system import files, safe_open, tree_copy
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.apt_archive import AptArchive, look_up_packages
from piwizard.system.commands import ANY_EXIT, Result
from piwizard.system.egress_filter import INTERNET
from piwizard.system.files import ROOT, Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.shared_libraries import missing_libraries, packages_with
from piwizard.system.system_cache import SystemCache
from piwizard.system.tree_copy import Modes

VARIABLE = re.compile(r"app\.env\.([A-Za-z_]\w*): ")
MOST_NAMED_VARIABLES = 5
LONGEST = 3600
"""Seconds that a command of an app may take."""
SET_VARIABLE = (
    "Run `piwizard doctor --fix`, which asks for it, or set it in [app.env] of the answers, then apply again."
)


@dataclass(frozen=True)
class Command:
    """Run `argv` once as `user`.

    The file `marker` records that it succeeded, and with which arguments.

    The working directory is the folder `start` of the checkout at `code`. `env` may contain secrets: it is passed
    in the environment and never shown. `failure` starts the error message, `key` is the answer that is at fault.
    `proves` has the arguments that must stay the same for the marker to be valid, if these are fewer than `argv`: a
    new host name, or another folder of piwizard, is no reason to run the command again. As another user than root,
    the command runs in the sandbox of the app's service: it may write `writable`, reach `network`, use `hardware`,
    talk over D-Bus with `dbus`, and run `scripts` of piwizard; it sees the folders of `binds` at their second path.
    `hints` explain messages of the command, by a part of them.

    `makes` is a folder of root in which the command creates files: it runs on a copy, from
    which new files are copied back, and sees empty folders in place of `writable`. `variables` are those that the
    app cannot do without and that are not set. `empty_variables` are those without a value or a fallback: if the last
    line of output names one, it is missing. `measures` extracts values from the output that are stored in the marker.
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
    hardware: tuple[str, ...] = ()
    dbus: bool = False
    binds: tuple[tuple[Path, Path], ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    empty_variables: tuple[str, ...] = ()
    measures: Callable[[str], Mapping[str, int]] | None = None
    start: str = ""

    def describe(self) -> str:
        return self.what

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return IN_SYNC if self._proven() else Preview(in_sync=False, argv=(self.argv,))

    def apply(self, work: ApplyContext) -> None:
        result = self._run(work)
        while not result.ok and (packages := missing_packages(result.tail, work.machine)):
            work.say(f"The app needs a library of the system: installing {', '.join(packages)}.")
            Packages(packages).apply(work)
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
            sandbox = Sandbox(
                self.user,
                (*self.writable, *(path for _, path in self.binds)),
                self.binds,
                seconds=LONGEST,
                scripts=self.scripts,
                network=self.network,
                hardware=self.hardware,
                dbus=self.dbus,
            )
            return work.job(self.argv, sandbox, env=self.env, cwd=cwd)
        with workspace(self.user, self.user) as place:
            place.copy(self.makes, "made")
            # It sees only the folders of the data, without their files; what it writes there is discarded.
            empty = tuple(
                (place.outline(folder, f"data{number}"), folder) for number, folder in enumerate(self.writable)
            )
            sandbox = place.sandbox(binds=(("made", self.makes), *empty), seconds=LONGEST)
            sandbox = replace(sandbox, network=self.network, hardware=self.hardware, dbus=self.dbus)
            result = work.job(self.argv, sandbox, env=self.env, cwd=cwd)
            if result.ok:
                with safe_open.open_folder(place.folder / "made") as made, safe_open.open_folder(self.makes) as target:
                    tree_copy.copy_changes(made, target, Modes(Owner("root", self.user).ids(), 0o750, 0o750, 0o440))
            return result

    def _failed(self, result: Result) -> ChangeFailed:
        """Return the error.

        A last line that begins with the name of a variable is the whole message.
        """
        words = last_line(result)
        if found := next((hint for said, hint in self.hints.items() if said in words), None):
            return ChangeFailed(f"{self.failure} {words}", key=self.key, hint=found)
        # Words that only begin with the name are about the variable; elsewhere, it may be one of the app's settings.
        lacking = next((name for name in self.empty_variables if re.search(rf"(?<![.\w]){name}\b", words)), None)
        if named := VARIABLE.match(words):  # the smoke test's own last line
            return ChangeFailed(words, key=f"app.env.{named[1]}", hint=SET_VARIABLE)
        if lacking:
            words = f"app.env.{lacking}: the app needs this variable: {words}"
            return ChangeFailed(words, key=f"app.env.{lacking}", hint=SET_VARIABLE)
        hint = (
            out_of_memory(result)
            or out_of_time(result, LONGEST)
            or too_new(result)
            or closed_device(result, self.hardware)
            or wants_to_write(result, self.code)
            or self._unset_variables
        )
        return ChangeFailed(f"{self.failure} {words}", key=self.key, hint=hint)

    @property
    def _unset_variables(self) -> str | None:
        """Return a hint about variables that are not set, if there are any."""
        if not self.variables:
            return None
        more = " and others" if len(self.variables) > MOST_NAMED_VARIABLES else ""
        names = ", ".join(self.variables[:MOST_NAMED_VARIABLES]) + more
        return f"The code reads variables that are not set: {names}. Set them in [app.env] of the answers."

    @property
    def _wanted(self) -> list[str]:
        return list(self.proves or self.argv)

    def _proven(self) -> bool:
        try:
            return bool(json.loads(files.read(self.marker) or b"{}").get("argv") == self._wanted)
        except (ValueError, AttributeError):
            return False


def missing_packages(lines: Sequence[str], machine: SystemCache) -> tuple[str, ...]:
    """Return the Debian packages with the libraries that a program lacked.

    Those that are installed already are not among them: they did not help.
    """
    archive = AptArchive(look_up=look_up_packages)
    chosen = (archive.choose(packages_with(library)) for library in missing_libraries(lines))
    return tuple(dict.fromkeys(name for name in chosen if name and machine.package(name) is None))


def last_line(result: Result) -> str:
    """Return the last line of output of a failed command that is not empty."""
    lines = [line.strip() for line in result.tail if line.strip()]
    return lines[-1] if lines else f"It ended with exit code {result.exit} and no output."


@dataclass(frozen=True)
class Notice:
    """A sentence that the user has to know before agreeing. It is always in sync."""

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
    """A command or package in the code that counts only if the user agrees.

    `question` names it, `line` is the item to add to the answer `key`, a name and a value if that is a table, and
    `answer` the whole list without an earlier answer.
    """

    question: str
    line: str | tuple[str, str]
    answer: tuple[str, ...] = ()
    key: str = "app.init"
