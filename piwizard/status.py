"""What state remembers, held against what probes and checks see."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.engine import launch
from piwizard.engine.journal import Backups
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.machine.checks import Check
from piwizard.machine.snapshot import Machine
from piwizard.wizard import Place, Previewed, Wizard, preview


@dataclass(frozen=True)
class Status:
    """One step's state: todo, running, done, drifted, failed, interrupted, stopped, skipped; `summary` says why."""

    place: Place
    state: str
    at: str | None = None
    run: str | None = None
    summary: str = ""
    drift: tuple[Previewed, ...] = ()
    checks: tuple[Check, ...] = ()

    def as_json(self) -> dict[str, str | None]:
        """The shape of a step under --json."""
        return {
            "step": self.place.step.name,
            "site": self.place.site,
            "state": self.state,
            "at": self.at,
            "run": self.run,
            "summary": self.summary,
        }


def status(wizard: Wizard, state: State, backups: Backups) -> list[Status]:
    """The state of every step. Only what is remembered as done is probed and checked."""
    machine, alive = Machine(), launch.under_way()
    return [_of(place, wizard, state, backups, machine, alive) for place in wizard.everything()]


def _of(place: Place, wizard: Wizard, state: State, backups: Backups, machine: Machine, alive: str | None) -> Status:
    entry = state.entry(place.step.name, place.site)
    if entry is None:
        skipped = place.step.name in wizard.answers.machine.get("skip.steps", [])
        return Status(place, "skipped" if skipped else "todo")
    if entry.result == "running":
        if alive == entry.run:
            return Status(place, "running", entry.at, entry.run)
        return Status(place, "interrupted", entry.at, entry.run, "It was cut off; `piwizard apply` goes on.")
    if entry.result != "done":
        result = "interrupted" if entry.result == "stopped" else entry.result
        return Status(place, result, entry.at, entry.run, entry.summary)
    try:
        drift = tuple(one for one in preview(wizard.plan(place), machine, backups) if not one.preview.holds)
        checks = tuple(wizard.checks(place)) if not drift else ()
    except PiwizardError as error:
        return Status(place, "drifted", entry.at, entry.run, error.message)
    bad = [check for check in checks if not check.ok]
    if drift:
        summary = f"No longer so: {drift[0].change.describe()}"
    elif bad:
        summary = f"{bad[0].name}: {bad[0].detail}"
    else:
        return Status(place, "done", entry.at, entry.run, entry.summary, checks=checks)
    return Status(place, "drifted", entry.at, entry.run, summary, drift, checks)
