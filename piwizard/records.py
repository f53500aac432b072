"""The records of runs, as `logs` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from piwizard.engine import events, launch
from piwizard.engine.events import Event
from piwizard.engine.follow import follow as follow_run
from piwizard.engine.follow import runs
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.steps.registry import step_named


def of(step: str | None, site: str | None, *, follow: bool) -> Iterator[Event]:
    """The events of the run under way, of the last run of a step, or of the last run at all."""
    run = _last(step and step_named(step).name, site)
    found: Iterable[Event] = follow_run(run) if follow else events.read(launch.folder(run))
    yield from found if step is None else _only(found, step, site)


def under_way(step: str | None) -> str | None:
    """The run under way that a step belongs to; without a step the one that others wait for, else any."""
    if step is None:
        return next(iter(launch.all_under_way().values()), None)
    places = (None, *workspace.wizard(None).answers.sites)
    return next((run for site in places if (run := launch.at_work(step_named(step).name, site))), None)


def _last(step: str | None, site: str | None) -> str:
    if step is None:
        known = [*launch.all_under_way().values()][:1] or runs()[-1:]
        if known:
            return known[0]
        raise PiwizardError("Nothing was run yet, so there is no record.")
    state = workspace.state()
    sites = [site] if site else [None, *workspace.wizard(None).answers.sites]
    if alive := next((run for one in sites if (run := launch.at_work(step, one))), None):
        return alive
    entries = [entry for one in sites if (entry := state.entry(step, one))]
    if not entries:
        raise PiwizardError(f"The step {step} was not run yet.")
    return max(entries, key=lambda entry: entry.at).run


def _only(found: Iterable[Event], step: str, site: str | None) -> Iterator[Event]:
    inside = False
    for event in found:
        if event["event"] == "run-started":
            inside = event["step"] == step and (site is None or event["site"] == site)
        if inside:
            yield event
        if event["event"] == "run-finished":
            inside = False
