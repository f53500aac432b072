"""What lies between answers and a run, the same for every front end."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.engine import run_launch
from piwizard.engine.state import State
from piwizard.setup import workspace
from piwizard.setup.planner import Wizard
from piwizard.setup.preview import Previewed, preview_all
from piwizard.steps.registry import Place

Plans = list[tuple[Place, list[Previewed]]]


def done(wizard: Wizard, state: State) -> list[Place]:
    """The steps that are remembered as done."""
    return [
        place
        for place in wizard.everything()
        if (entry := state.entry(place.step.name, place.site)) and entry.result == "done"
    ]


def needed(wizard: Wizard, chosen: Sequence[Place], finished: Sequence[Place]) -> Plans:
    """The plans of those steps that are not done, or have something to do again. Alters nothing.

    Steps that only wait for their background jobs are left out.
    """
    wizard.require_answers(chosen)
    return [
        (place, changes)
        for place, changes in preview_all(wizard, chosen, workspace.backups())
        if not _waits(changes) and (place not in finished or any(not one.preview.holds for one in changes))
    ]


def _waits(changes: Sequence[Previewed]) -> bool:
    """Check whether a background job is at work, and nothing is left to do before it."""
    left = next((one.preview for one in changes if not one.preview.holds), None)
    return left is not None and left.pending


def in_background(places: Sequence[Place]) -> list[Place]:
    """Return those of the steps whose background jobs run."""
    return [place for place in places if place.step.background and place.step.background.running()]


def start(wizard: Wizard, plans: Plans, *, overwrite: bool) -> str:
    """Starts the run of what was planned, with the very code that was looked at. Returns its name."""
    wizard.vault.save()
    steps = tuple((place.step.name, place.site) for place, _ in plans)
    return run_launch.start(run_launch.RunRequest("apply", steps, overwrite, tuple(wizard.pins().items())))
