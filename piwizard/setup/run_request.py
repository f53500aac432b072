"""What lies between answers and a run, the same for every front end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from piwizard.engine import launch
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

    What goes on in the background is left to do so.
    """
    going = in_background(chosen)
    wizard.require_answers(chosen)
    return [
        (place, changes)
        for place, changes in preview_all(wizard, [one for one in chosen if one not in going], workspace.backups())
        if place not in finished or any(not one.preview.holds for one in changes)
    ]


def in_background(places: Sequence[Place]) -> dict[Place, str]:
    """Those of the places that a run in the background is at work on, and its name."""
    long = [place for place in places if place.background]
    return {place: run for place in long if (run := launch.at_work(place.step.name, place.site))}


def lane(places: Iterable[Place]) -> launch.Lane:
    """The lane of a run of these steps: the background is for those alone that belong there."""
    return "background" if all(place.background for place in places) else "run"


def start(wizard: Wizard, plans: Plans, *, overwrite: bool) -> str:
    """Starts the run of what was planned, with the very code that was looked at. Returns its name.

    Beside other steps, those of the background get a run of their own, which that run starts in its time.
    """
    wizard.vault.save()
    places = [place for place, _ in plans]
    chosen = lane(places)
    own, beside = (
        tuple((place.step.name, place.site) for place in places if (place.background and chosen == "run") is waits)
        for waits in (False, True)
    )
    pins = tuple(wizard.pins().items())
    return launch.start(launch.Request("apply", own, overwrite, pins, lane=chosen, background=beside))
