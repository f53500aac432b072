"""Find and read the logs of runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from piwizard.engine import events, run_launch, run_log
from piwizard.engine.events import Event
from piwizard.engine.run_log import follow as follow_run
from piwizard.engine.run_log import runs
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.steps.registry import STEPS, step_named, title_of
from piwizard.steps.step import Step
from piwizard.system.background_job import BackgroundJob

SECONDS_BETWEEN_PROGRESS = 10.0


def read_log(step: str | None, site: str | None, *, follow: bool) -> Iterator[Event]:
    """Yield the events of the current run or the last one.

    With a step, yield only the events of this step.
    """
    step = step and step_named(step).name
    run = _find_last_run(step, site)
    found: Iterable[Event] = follow_run(run) if follow else run_log.read(run_launch.folder(run))
    yield from found if step is None else _filter_step(found, step, site)
    job = step_named(step).background if step else None
    if step and job:
        yield from _follow_job(job, step, site, run, follow=follow)


def find_run(step: str | None) -> str | None:
    """Return the current run, or None; with a step, only a run that includes it."""
    if step is None:
        return run_launch.under_way()
    sites = (None, *workspace.planner(None).answers.sites)
    return next((run for site in sites if (run := run_launch.at_work(step_named(step).name, site))), None)


def find_background_job(step: str | None) -> tuple[Step, BackgroundJob] | None:
    """Return the running background job and its step; with a step, only its own job."""
    steps = STEPS if step is None else (step_named(step),)
    return next(((one, job) for one in steps if (job := one.background) and job.running()), None)


def _follow_job(job: BackgroundJob, step: str, site: str | None, run: str, *, follow: bool) -> Iterator[Event]:
    """Yield the progress of a job that a run started, then the events of the run that the job starts at its end."""
    text, printed_at = "", time.monotonic()
    while _find_last_run(step, site) == run and job.running():
        now = job.progress().text
        if now != text and (not text or time.monotonic() - printed_at > SECONDS_BETWEEN_PROGRESS):
            text, printed_at = now, time.monotonic()
            yield {"event": "note", "at": events.now(), "run": run, "text": text}
        if not follow:
            return
        time.sleep(1)
    if follow and (last := _find_last_run(step, site)) != run:
        yield from _filter_step(follow_run(last), step, site)


def _find_last_run(step: str | None, site: str | None) -> str:
    if step is None:
        if known := run_launch.under_way() or next(iter(runs()[-1:]), None):
            return known
        raise PiwizardError("There is no log yet, because nothing was run.", hint="Run `piwizard apply` first.")
    state = workspace.state()
    sites = [site] if site else [None, *workspace.planner(None).answers.sites]
    if alive := next((run for one in sites if (run := run_launch.at_work(step, one))), None):
        return alive
    entries = [entry for one in sites if (entry := state.entry(step, one))]
    if not entries:
        raise PiwizardError(f"{title_of(step)} has not run yet.", hint=f"Run `piwizard apply {step}` first.")
    return max(entries, key=lambda entry: entry.at).run


def _filter_step(found: Iterable[Event], step: str, site: str | None) -> Iterator[Event]:
    inside = False
    for event in found:
        if event["event"] == "run-started":
            inside = event["step"] == step and (site is None or event["site"] == site)
        if inside:
            yield event
        if event["event"] == "run-finished":
            inside = False
