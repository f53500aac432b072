"""The records of runs, as `logs` shows them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from piwizard.engine import events, run_launch, run_log
from piwizard.engine.events import Event
from piwizard.engine.follow import follow as follow_run
from piwizard.engine.follow import runs
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.steps.registry import STEPS, step_named
from piwizard.steps.step import Step
from piwizard.system.background_job import BackgroundJob

SECONDS_BETWEEN_PROGRESS = 10.0


def of(step: str | None, site: str | None, *, follow: bool) -> Iterator[Event]:
    """The events of the run under way, of the last run of a step, or of the last run at all."""
    run = _last(step and step_named(step).name, site)
    found: Iterable[Event] = follow_run(run) if follow else run_log.read(run_launch.folder(run))
    yield from found if step is None else _only(found, step, site)
    job = step_named(step).background if step else None
    if step and job:
        yield from _of_job(job, step, site, run, follow=follow)


def under_way(step: str | None) -> str | None:
    """The run under way, None if there is none; with a step only one that this step belongs to."""
    if step is None:
        return run_launch.under_way()
    places = (None, *workspace.planner(None).answers.sites)
    return next((run for site in places if (run := run_launch.at_work(step_named(step).name, site))), None)


def in_background(step: str | None) -> tuple[Step, BackgroundJob] | None:
    """Return the background job that runs, and its step; with a step only its own."""
    steps = STEPS if step is None else (step_named(step),)
    return next(((one, job) for one in steps if (job := one.background) and job.running()), None)


def _of_job(job: BackgroundJob, step: str, site: str | None, run: str, *, follow: bool) -> Iterator[Event]:
    """Yield how far the job is that a run has started, then the events of the run that it starts at its end."""
    text, said = "", time.monotonic()
    while _last(step, site) == run and job.running():
        now = job.progress().text
        if now != text and (not text or time.monotonic() - said > SECONDS_BETWEEN_PROGRESS):
            text, said = now, time.monotonic()
            yield {"event": "note", "at": events.now(), "run": run, "text": text}
        if not follow:
            return
        time.sleep(1)
    if follow and (last := _last(step, site)) != run:
        yield from _only(follow_run(last), step, site)


def _last(step: str | None, site: str | None) -> str:
    if step is None:
        if known := run_launch.under_way() or next(iter(runs()[-1:]), None):
            return known
        raise PiwizardError("Nothing was run yet, so there is no record.")
    state = workspace.state()
    sites = [site] if site else [None, *workspace.planner(None).answers.sites]
    if alive := next((run for one in sites if (run := run_launch.at_work(step, one))), None):
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
