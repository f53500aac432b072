"""Test a run's process from outside: followed, stopped, killed, started twice.


The processes are real, without systemd.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import asdict

import pytest

from piwizard.engine import run_launch, run_log
from piwizard.engine.run_lock import Lock
from piwizard.engine.run_log import Recorder, read
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.system import commands, paths
from piwizard.system.commands import Result
from tests.unit.child import child, hears, tell

HERE = """
import sys
from pathlib import Path
from types import SimpleNamespace
from piwizard.system import commands, paths
from piwizard.system.commands import Result
from piwizard.setup import workspace
root = Path(sys.argv[1])
names = {"state": "lib", "log": "log", "cache": "cache", "config": "etc", "runtime": "run"}
found = SimpleNamespace(**{f"user_{name}_path": root / folder for name, folder in names.items()})
paths._dirs = lambda: found
"""
RUN = (
    HERE
    + """
from piwizard.engine.run_log import Recorder
from piwizard.engine.run_lock import Lock
Lock(paths.lock_file()).take(sys.argv[2])
recorder = Recorder(paths.logs_dir() / sys.argv[2])
recorder.emit({"event": "apply-started", "action": "apply", "steps": []})
print("began", flush=True)
input()
recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": "x" * (2 << 20)})
recorder.emit({"event": "apply-finished", "result": "done", "seconds": 1.0})
print("ended", flush=True)
input()
"""
)
WORK = (
    HERE
    + """
import threading
from piwizard.setup import worker
from piwizard.steps import registry
from piwizard.changes.base import Preview
from piwizard.system.background_job import BackgroundJob

class Waits:
    kind = "test"
    def describe(self): return "It waits"
    def probe(self, machine, memory): return Preview(in_sync=False)
    def apply(self, work):
        print("under way", flush=True)
        work.command(("sleep", "1000"))

class Step:
    name, title, heading, why, scope, optional, needs = "slow", "Slow", "", "", "machine", True, ()
    def questions(self, context, answers): return ()
    def plan(self, context, answers): return [Waits()]
    def checks(self, context, answers): return ()

class Quick(Step):
    name = "quick"
    def plan(self, context, answers): return []

class Starts(Waits):
    def apply(self, work): work.continue_in(BackgroundJob("long.service", "The long work", None, None))

class Use(Waits):
    def describe(self): return "Use it"

class Long(Step):
    name = "long"
    def plan(self, context, answers): return [Starts(), Use()]

registry.STEPS = (*registry.STEPS, Step(), Quick(), Long())
print(worker.work(sys.argv[2]), flush=True)
"""
)


@pytest.fixture
def request_of(own_places):
    """Write a request for a run, and return its name."""

    def make(run, *steps, **more):
        run_launch.folder(run).mkdir(parents=True)
        wanted = run_launch.RunRequest("apply", tuple((step, None) for step in steps), **more)
        (run_launch.folder(run) / "request.json").write_text(json.dumps(asdict(wanted)))
        return run

    return make


def test_run_is_followed_to_its_end(own_places):
    with child(RUN, own_places, "run-1") as process:
        assert hears(process) == "began"
        seen = run_log.follow("run-1")
        assert next(seen)["event"] == "apply-started"
        tell(process)
        assert [event["event"] for event in seen] == ["output", "apply-finished"]
        assert process.poll() is None, "the end event is enough, even if the process still exists"
    assert run_log.runs() == ["run-1"]


def test_run_is_followed_until_it_is_killed(own_places):
    with child(RUN, own_places, "run-1") as process:
        assert hears(process) == "began"
        seen = run_log.follow("run-1")
        assert next(seen)["event"] == "apply-started"
        process.kill()
        assert list(seen) == []


def test_ended_run_is_not_awaited(own_places):
    recorder = Recorder(own_places / "log" / "run-1")
    recorder.emit({"event": "apply-started", "action": "apply", "steps": []})
    assert [event["event"] for event in run_log.follow("run-1")] == ["apply-started"]
    assert list(run_log.follow("never")) == []


def test_other_run_is_not_followed(own_places):
    Recorder(own_places / "log" / "run-1").emit({"event": "apply-started", "action": "apply", "steps": []})
    with child(RUN, own_places, "run-2") as process:
        assert hears(process) == "began"
        assert run_launch.under_way() == "run-2"
        assert len(list(run_log.follow("run-1"))) == 1


def work(process):
    """Return the final output of a worker's process."""
    said = hears(process)
    process.wait()
    return said


def test_run_is_stopped_during_a_command(own_places, request_of):
    run = request_of("run-1", "slow", "slow")
    with child(WORK, own_places, run) as process:
        assert hears(process) == "under way"
        seen = run_log.follow(run)
        assert next(event for event in seen if event["event"] == "command-started")["argv"] == ["sleep", "1000"]
        process.send_signal(signal.SIGTERM)
        assert work(process) == "False"
    events = read(run_launch.folder(run))
    assert [event["result"] for event in events if "result" in event] == ["stopped", "stopped"]
    assert not [event for event in events if event["event"] == "error"]


def test_second_run_is_refused_meanwhile(own_places, request_of):
    first, second = request_of("run-1", "slow"), request_of("run-2", "slow")
    with child(WORK, own_places, first) as process:
        assert hears(process) == "under way"
        with pytest.raises(PiwizardError, match="run-1"):
            run_launch.require_free()
        with child(WORK, own_places, second) as other:
            assert work(other) == "False"
        said, finished = read(run_launch.folder(second))
        assert "run-1" in said["message"]
        assert finished["result"] == "failed"
        assert process.poll() is None


def test_background_run_of_an_earlier_version_is_awaited(own_places):
    lock = Lock(paths.lock_file().with_name("background.lock"))
    lock.take("run-1")
    with pytest.raises(run_launch.RunUnderWay, match="run-1"):
        run_launch.require_free()
    lock.release()
    run_launch.require_free()


def test_step_with_a_background_job_counts_as_running(own_places, request_of):
    run = request_of("run-1", "long", "quick")
    with child(WORK, own_places, run) as process:
        assert work(process) == "True"
    assert workspace.state().entry("long", None).result == "running"
    assert workspace.state().entry("quick", None).result == "done", "the run does not wait for it"
    events = read(run_launch.folder(run))
    assert [event["result"] for event in events if "result" in event] == ["running", "done", "done"]
    (said,) = [event["summary"] for event in events if event.get("step") == "long" and "summary" in event]
    assert said.startswith("The long work continues in the background.")
    assert "`piwizard stop long`" in said
    assert not [event for event in events if event.get("change") == "Use it"], "the next run does it"


def test_unreadable_request_is_reported(own_places, request_of):
    run = request_of("run-1", "slow")
    (run_launch.folder(run) / "request.json").write_text("{")
    with child(WORK, own_places, run) as process:
        assert work(process) == "False"
    assert [event["event"] for event in read(run_launch.folder(run))] == ["error", "traceback", "apply-finished"]


def test_request_is_read_as_written(own_places):
    wanted = run_launch.RunRequest("apply", (("nginx", None), ("app", "blog")), True, (("blog", "c0ffee"),))
    run_launch.folder("run-1").mkdir(parents=True)
    (run_launch.folder("run-1") / "request.json").write_text(json.dumps(asdict(wanted)))
    assert run_launch.request("run-1") == wanted


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="systemd runs here")
def test_run_without_systemd_is_refused(own_places):
    with pytest.raises(PiwizardError, match="systemd does not run"):
        run_launch.start(run_launch.RunRequest("apply", ()))
    assert run_log.runs() == []


def test_lock_is_given_to_one_of_many(own_places):
    """Start many runs at once: one continues, the others report that it runs."""
    barrier, got = threading.Barrier(8), []

    def begin(number):
        barrier.wait()
        lock = Lock(paths.lock_file())
        try:
            lock.take(f"run-{number}")
        except PiwizardError:
            return
        got.append(lock)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    got[0].release()


def test_of_two_runs_that_start_at_the_same_moment_one_is_refused(own_places, monkeypatch):
    """It is refused before it has begun: its work is not at fault, and may start later."""
    active: list[str] = []
    first_starts, second_comes = threading.Event(), threading.Event()

    def run(argv, **_):
        if not active:
            first_starts.set()
            assert second_comes.wait(60)
        active.append(next(word for word in argv if word.startswith("--unit=")).removeprefix("--unit="))
        return Result(tuple(argv), 0, "", "", (), 0.0)

    monkeypatch.setattr(commands, "run", run)
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(run_launch, "require_lasting_disk", lambda: None)
    monkeypatch.setattr(run_launch.systemd, "list_active", lambda pattern: list(active))
    wait_for_lock = run_launch.file_lock.time.sleep

    def sleep(seconds):
        second_comes.set()  # it waits for the first one
        wait_for_lock(seconds)

    monkeypatch.setattr(run_launch.file_lock.time, "sleep", sleep)
    wanted = run_launch.RunRequest("apply", (("nginx", None),))
    first = threading.Thread(target=run_launch.start, args=(wanted,))
    first.start()
    assert first_starts.wait(60)
    with pytest.raises(run_launch.RunUnderWay):
        run_launch.start(wanted)
    first.join()
    assert len(active) == 1
