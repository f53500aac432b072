"""Test which run and which events `logs` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.cli import logs
from piwizard.engine.run_lock import Lock
from piwizard.engine.run_log import Recorder
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.steps.nginx import Nginx
from piwizard.system import paths
from piwizard.system.background_job import BackgroundJob, JobProgress


@pytest.fixture
def runs(own_places):
    """Record two finished runs: nginx and the apps of two sites, then nginx alone."""
    state = workspace.state()

    def run(name, *steps):
        recorder = Recorder(own_places / "log" / name)
        recorder.emit({"event": "apply-started", "action": "apply", "steps": []})
        for step, site in steps:
            recorder.emit({"event": "run-started", "step": step, "site": site, "plan": []})
            recorder.emit({"event": "note", "text": f"{name} {step} {site}"})
            recorder.emit(
                {"event": "run-finished", "step": step, "site": site, "result": "done", "seconds": 1.0, "summary": ""}
            )
            state.mark(step, site, "done", name)
        recorder.emit({"event": "apply-finished", "result": "done", "seconds": 1.0})

    run("20260101T000000-aaaa", ("nginx", None), ("app", "blog"), ("app", "shop"))
    run("20260102T000000-bbbb", ("nginx", None))
    answers = own_places / "etc" / "answers.toml"
    answers.parent.mkdir()
    answers.write_text('[site]\nname = "blog"\n[sites.shop.app]\nrepo = "/x"\n')


def notes(step=None, site=None, *, follow=False):
    return [event["text"] for event in logs.read_log(step, site, follow=follow) if event["event"] == "note"]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("follow", [False, True])
def test_logs_show_the_last_run(follow):
    assert notes(follow=follow) == ["20260102T000000-bbbb nginx None"]


@pytest.mark.usefixtures("runs")
def test_logs_of_a_step_show_its_last_run():
    assert notes("nginx") == ["20260102T000000-bbbb nginx None"]
    assert notes("app") == ["20260101T000000-aaaa app blog", "20260101T000000-aaaa app shop"]
    assert notes("app", "shop") == ["20260101T000000-aaaa app shop"]


@pytest.mark.usefixtures("runs")
def test_logs_show_the_current_run_first(own_places):
    Recorder(own_places / "log" / "20260101T120000-cccc").emit({"event": "note", "text": "in progress"})
    lock = Lock(paths.lock_file())
    lock.take("20260101T120000-cccc")
    try:
        assert notes() == ["in progress"]
    finally:
        lock.release()


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("follow", [False, True])
def test_logs_of_a_background_job_show_its_progress(own_places, monkeypatch, follow):
    """When the job has ended, the log continues with the run that it started."""
    alive = [True, False] if follow else [True]
    monkeypatch.setattr(BackgroundJob, "running", lambda self: alive.pop(0))
    monkeypatch.setattr(logs.time, "sleep", lambda seconds: run_of_the_job())
    job = BackgroundJob("long.service", "The long job", lambda: JobProgress(34, "generating, 34 %"), Path)
    monkeypatch.setattr(Nginx, "background", job)

    def run_of_the_job():
        recorder = Recorder(own_places / "log" / "20260103T000000-cccc")
        recorder.emit({"event": "run-started", "step": "nginx", "site": None, "plan": []})
        recorder.emit({"event": "note", "text": "put in place"})
        recorder.emit({"event": "apply-finished", "result": "done", "seconds": 1.0})
        workspace.state().mark("nginx", None, "done", "20260103T000000-cccc")

    texts = [event["text"] for event in logs.read_log("nginx", None, follow=follow) if "text" in event]
    assert texts == [
        "20260102T000000-bbbb nginx None",
        "generating, 34 %",
        *(["put in place"] if follow else []),
    ]


@pytest.mark.usefixtures("own_places")
def test_logs_before_the_first_run_are_an_error():
    expected = ((None, "no log yet"), ("nginx", "has not run yet"), ("nonsense", "no step nonsense"))
    for step, message in expected:
        with pytest.raises(PiwizardError, match=message):
            list(logs.read_log(step, None, follow=False))
