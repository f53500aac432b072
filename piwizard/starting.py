"""What lies between answers and a run, the same for every front end."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard import session
from piwizard.engine import launch
from piwizard.engine.state import State
from piwizard.wizard import Place, Previewed, Wizard, preview_all

Plans = list[tuple[Place, list[Previewed]]]


def done(wizard: Wizard, state: State) -> list[Place]:
    """The steps that are remembered as done."""
    return [
        place
        for place in wizard.everything()
        if (entry := state.entry(place.step.name, place.site)) and entry.result == "done"
    ]


def needed(wizard: Wizard, chosen: Sequence[Place], finished: Sequence[Place]) -> Plans:
    """The plans of those steps that are not done, or have something to do again. Alters nothing."""
    wizard.require_answers(chosen)
    return [
        (place, changes)
        for place, changes in preview_all(wizard, chosen, session.backups())
        if place not in finished or any(not one.preview.holds for one in changes)
    ]


def start(wizard: Wizard, plans: Plans, *, overwrite: bool) -> str:
    """Starts the run of what was planned, with the very code that was looked at. Returns its name."""
    wizard.vault.save()
    wanted = tuple((place.step.name, place.site) for place, _ in plans)
    return launch.start(launch.Request("apply", wanted, overwrite, tuple(wizard.pins().items())))
