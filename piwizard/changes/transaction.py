"""Changes that only make sense together: checked by a guard, then taken up by a service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, Change, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.data_switch import DataSwitch
from piwizard.changes.file import EditedFile, File
from piwizard.changes.link import Link
from piwizard.changes.validate import Argv, ask
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Then:
    """A command that makes a service read its files; where `unit` is given, only if there is such a unit."""

    argv: Argv
    unit: str | None = None

    def needed(self, machine: SystemCache) -> bool:
        """Whether there is anything to command."""
        return self.unit is None or machine.unit(self.unit).exists


@dataclass(frozen=True)
class Transaction:
    """Files and links, a `guard` that must accept them all, and commands that make a service read them.

    Where the guard refuses, every file goes back to what it was and the run fails with the guard's words.
    `then` runs only where something was altered, also if the run that altered it was killed before it came
    to that. `proof` looks whether the service is well afterwards, and gives a sentence where it is not: then, too,
    everything goes back. Undo runs guard and `then` too, after the files are back. What is `shared` belongs to all
    sites together: it is undone when the last of them is. `data` moves on, and goes back, together with the files.
    """

    kind: ClassVar[str] = "group"
    name: str
    changes: tuple[Change, ...]
    guard: Argv | None = None
    then: tuple[Then, ...] = ()
    proof: Callable[[], str | None] | None = None
    shared: bool = False
    data: DataSwitch | None = None

    def describe(self) -> str:
        return f"Check and take up: {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """What follows the members; they are probed one by one."""
        files_hold = all(change.probe(machine, memory).holds for change in self.changes)
        if files_hold and not memory.unfinished(self.name) and (not self.data or self.data.holds(machine, memory)):
            return HOLDS
        moved = tuple(one.argv for one in self.data.pending(machine, memory)) if self.data else ()
        return Preview(
            holds=False,
            argv=(
                *moved,
                *((self.guard,) if self.guard else ()),
                *(one.argv for one in self.then if one.needed(machine)),
            ),
        )

    def apply(self, work: ApplyContext) -> None:
        with work.shared() if self.shared else nullcontext():
            self._apply(work)

    def _apply(self, work: ApplyContext) -> None:
        if self.data and self.data.settle(work):
            work.finish(self.name)  # the files of before do not fit this data
        work.begin(
            self.name, [change.touches for change in self.changes if isinstance(change, (File, EditedFile, Link))]
        )
        if self.guard or self.then:
            work.remember("group", self.name, {"guard": self.guard, "then": [one.argv for one in self.then]})
        try:
            if self.data:
                self.data.prepare(work)
            for change in self.changes:
                work.make(change)
            if self.guard:
                ask(self.guard, work, hint="Nothing was altered. Mend what the line names, then apply again.")
            if self.data:
                self.data.switch(work)
                self.data.let_go(work)
        except BaseException:  # a full disk and a stop as well: nothing is left half-way
            self._take_back(work)
            raise
        try:
            self._take_up(work)
        except ChangeFailed:
            self._take_back(work)
            for one in self.then:
                if one.needed(work.machine):
                    work.command(one.argv, allow=range(256))
            raise
        work.finish(self.name)
        if self.data:
            self.data.finish()

    def _take_back(self, work: ApplyContext) -> None:
        """The data first: killed in between, the old release never meets data that it does not know."""
        try:
            if self.data:
                self.data.stop_again(work)
                self.data.back(work)
        finally:  # also where the data could not be put back as a whole: the next run settles that
            work.take_back(self.name)
            if self.data:
                self.data.let_go(work)

    def _take_up(self, work: ApplyContext) -> None:
        for one in self.then:
            if one.needed(work.machine):
                if one.unit and work.machine.unit(one.unit).failed:
                    work.command(("systemctl", "reset-failed", one.unit))
                work.command(one.argv)
        sentence = self.proof() if self.proof else None
        if sentence:
            raise ChangeFailed(sentence, hint="What ran before runs again. `piwizard logs` shows all that was said.")


def undo(record: Record, work: ApplyContext) -> str | None:
    """The files are back by now: let the service read them, unless the guard refuses."""
    before = record["before"]
    work.finish(record["target"])
    if before["guard"] and not work.command(before["guard"], allow=range(256)).ok:
        return f"{record['target']}: the configuration as it was is refused, so the service was not reloaded."
    for argv in before["then"]:
        work.command(argv, allow=range(256))
    return None
