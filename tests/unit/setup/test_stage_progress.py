"""Test how far a run is, from its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from piwizard.setup.stage_progress import StageTracker
from piwizard.steps.step import Stage

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EXPECTED = {("system", None): 10.0, ("nginx", None): 10.0, ("app", "photos"): 60.0, ("gunicorn", "photos"): 20.0}


def at(seconds):
    return BEGIN + timedelta(seconds=seconds)


def event(moment, name, **fields):
    return {"at": at(moment).isoformat(), "run": "r", "event": name, **fields}


def tracker(*events):
    made = StageTracker(EXPECTED)
    made.add(event(0, "apply-started", action="apply", steps=[list(key) for key in EXPECTED]))
    for one in events:
        made.add(one)
    return made


def started(moment, step, site=None):
    return event(moment, "run-started", step=step, site=site, plan=[])


def finished(moment, step, site=None, result="done", took=10.0):
    return event(moment, "run-finished", step=step, site=site, result=result, seconds=took, summary="Updated.")


def test_stages_are_in_order_and_wait_first():
    found = tracker().progress(at(0))
    assert [(one.stage, one.state) for one in found.stages] == [
        (Stage.WEB_SERVER, "waiting"), (Stage.APP, "waiting"), (Stage.SERVICE, "waiting"),
    ]  # fmt: skip
    assert (found.fraction, found.seconds_left) == (0.0, 100.0)


def test_stage_that_is_turned_off_is_shown_only_if_it_fails():
    made = StageTracker(EXPECTED, {("gunicorn", "photos")})
    made.add(event(0, "apply-started", action="apply", steps=[list(key) for key in EXPECTED]))
    assert [one.stage for one in made.progress(at(0)).stages] == [Stage.WEB_SERVER, Stage.APP]
    made.add(started(1, "gunicorn", "photos"))
    made.add(finished(2, "gunicorn", "photos", result="failed"))
    assert [one.state for one in made.progress(at(2)).stages] == ["waiting", "waiting", "failed"]


def test_stage_runs_until_its_last_step_is_done():
    made = tracker(started(0, "system"), finished(10, "system"))
    assert made.progress(at(10)).stages[0].state == "running"
    made.add(started(10, "nginx"))
    made.add(event(11, "change-started", change="Install nginx", kind="package"))
    assert made.progress(at(12)).stages[0].detail == "Install nginx"
    made.add(finished(20, "nginx"))
    found = made.progress(at(20))
    assert (found.stages[0].state, found.stages[0].seconds) == ("done", 20.0)
    assert (found.fraction, found.seconds_left, found.seconds) == (0.2, 80.0, 20.0)


def test_step_that_takes_long_never_seems_done():
    made = tracker(started(0, "app", "photos"))
    found = made.progress(at(10_000))
    assert found.fraction < 0.6
    assert found.seconds_left > 0


def test_failure_is_shown_in_its_stage():
    made = tracker(
        started(0, "app", "photos"),
        event(3, "error", message="It does \x1b[2J not work."),
        finished(4, "app", "photos", "failed", 4.0),
        event(5, "apply-finished", result="failed", seconds=5.0),
    )
    found = made.progress(at(60))
    app = found.stages[1]
    assert (app.state, found.result, found.seconds) == ("failed", "failed", 5.0)
    assert "not work" in app.detail
    assert app.detail.isprintable()
    assert found.seconds_left == 0.0


def test_finished_run_is_complete():
    made = tracker(*(finished(10, *key) for key in EXPECTED), event(40, "apply-finished", result="done", seconds=40.0))
    assert made.progress(at(50)).fraction == 1.0
