"""Apply changes that only make sense together, or roll all of them back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, Change, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.companions import NO_COMPANIONS, Companions
from piwizard.changes.data_switch import DataSwitch
from piwizard.changes.file import EditedFile, File
from piwizard.changes.link import Link
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

Argv = tuple[str, ...]


@dataclass(frozen=True)
class Activation:
    """A command that makes a service read its files.

    With `unit`, it runs only if that systemd unit exists.
    """

    argv: Argv
    unit: str | None = None

    def needed(self, machine: SystemCache) -> bool:
        """Check whether the command has to run."""
        return self.unit is None or machine.unit(self.unit).exists


@dataclass(frozen=True)
class Transaction:
    """Files and links that only make sense together.

    `validate` is a command that must accept all of them, such as `nginx -t`. If it refuses, every file is rolled back
    and the run fails with the line that the command printed. `activate` runs only where something was changed, even
    if a run was killed between the change and the activation. `verify` then checks the service and returns an error
    message; in that case everything is rolled back too. Undo validates and activates as well, after it has restored
    the files. A `shared` transaction belongs to all sites together, so it is undone with the last of them. `data`
    moves to the new release, and is rolled back, together with the files; so are the services of `companions`. If
    one of these does not stay up and no service of `activate` ran before, nothing is rolled back: its own check reports
    it.
    """

    kind: ClassVar[str] = "group"
    name: str
    changes: tuple[Change, ...]
    validate: Argv | None = None
    activate: tuple[Activation, ...] = ()
    verify: Callable[[], str | None] | None = None
    shared: bool = False
    data: DataSwitch | None = None
    companions: Companions = NO_COMPANIONS

    def describe(self) -> str:
        return f"Validate and activate: {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Return the commands that follow the files, which are probed one by one."""
        files_in_sync = all(change.probe(machine, memory).in_sync for change in self.changes)
        data_in_sync = not self.data or self.data.in_sync(machine, memory)
        if files_in_sync and data_in_sync and not memory.unfinished(self.name):
            return IN_SYNC
        moved = tuple(one.argv for one in self.data.pending(machine, memory)) if self.data else ()
        validate = (self.validate,) if self.validate else ()
        activate = tuple(one.argv for one in self.activate if one.needed(machine))
        started = (("systemctl", "start", *self.companions.services),) if self.companions.services else ()
        return Preview(in_sync=False, argv=(*moved, *validate, *activate, *started))

    def apply(self, work: ApplyContext) -> None:
        with work.shared() if self.shared else nullcontext():
            self._apply(work)

    def _apply(self, work: ApplyContext) -> None:
        if self.data and self.data.settle(work):
            work.finish(self.name)  # the files of before do not match this data
        work.begin(
            self.name, [change.touches for change in self.changes if isinstance(change, (File, EditedFile, Link))]
        )
        if self.validate or self.activate:
            work.remember("group", self.name, {"guard": self.validate, "then": [one.argv for one in self.activate]})
        ran = self.companions.running(work)
        served = self._served(work)
        try:
            if self.data:
                self.data.prepare(work)
            for change in self.changes:
                work.make(change)
            if self.validate:
                require_valid(
                    self.validate, work, hint="Nothing was changed. Fix what the line names, then apply again."
                )
            if self.data:
                self.data.switch(work)
                self.companions.stop(work)  # those that are retired must not see the new data
                self.data.let_go(work)
        except BaseException:  # also a full disk and a stop: nothing is left half done
            self._roll_back(work)
            self.companions.restart(ran, work)
            raise
        try:
            self._activate(work, served=served)
        except ChangeFailed:
            self.companions.stop(work)
            self._roll_back(work)
            for one in self.activate:
                if one.needed(work.machine):
                    work.command(one.argv, allow=range(256))
            self.companions.restart(ran, work)
            raise
        work.finish(self.name)
        if self.data:
            self.data.finish()

    def _roll_back(self, work: ApplyContext) -> None:
        """Roll back the data first, then the files.

        If this is killed in between, the old release never sees data that it does not know.
        """
        try:
            if self.data:
                self.data.stop_again(work)
                self.data.back(work)
        finally:  # even if the data could not be restored completely: the next run settles that
            work.roll_back(self.name)
            if self.data:
                self.data.let_go(work)

    def _served(self, work: ApplyContext) -> bool:
        """Return whether a service of the transaction ran before it."""
        states = [work.machine.unit(one.unit) for one in self.activate if one.unit]
        return any(state.exists and (state.running or state.failing) for state in states)

    def _activate(self, work: ApplyContext, *, served: bool) -> None:
        self.companions.stop(work)
        for one in self.activate:
            if one.needed(work.machine):
                if one.unit and work.machine.unit(one.unit).failed:
                    work.command(("systemctl", "reset-failed", one.unit))
                work.command(one.argv)
        problem = self.verify() if self.verify else None
        if problem:
            raise ChangeFailed(
                problem, hint="The version from before is running again. `piwizard logs` shows the whole output."
            )
        try:
            self.companions.start(work)
        except ChangeFailed as failed:
            if served:
                raise
            work.say(failed.sentence)  # visitors get the site without that service rather than none


def undo(record: Record, work: ApplyContext) -> str | None:
    """Make the service read the restored files, unless they are not valid."""
    before = record["before"]
    work.finish(record["target"])
    if before["guard"] and not work.command(before["guard"], allow=range(256)).ok:
        return (
            f"{record['target']}: the configuration from before piwizard is not valid, so the service was not reloaded."
        )
    for argv in before["then"]:
        work.command(argv, allow=range(256))
    return None


def require_valid(argv: Argv, work: ApplyContext, *, hint: str) -> None:
    """Run a command that validates a configuration.

    Raise ChangeFailed with a line of its output if it refuses.
    """
    result = work.command(argv, allow=range(256))
    if not result.ok:
        raise ChangeFailed(f"{Path(argv[0]).name} refuses the configuration: {_own_line(result)}", hint=hint)


def _own_line(result: Result) -> str:
    lines = [line for line in result.tail if line.strip()]
    telling = [line for line in lines if "[emerg]" in line or "error" in line.lower()]
    return (telling or lines or [f"exit code {result.exit}"])[0]
