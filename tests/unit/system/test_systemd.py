"""Test parsing of recorded output of systemctl."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from piwizard.changes.base import OwnershipIndex
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.system import systemd
from piwizard.system.commands import Result
from piwizard.system.system_cache import SystemCache
from piwizard.system.systemd import MISSING_UNIT, ServiceRun, UnitState


def block(**fields):
    known = {"LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "NeedDaemonReload": "no"}
    return "".join(f"{name}={value}\n" for name, value in (known | fields).items())


def test_states_are_parsed_per_unit():
    text = "\n".join([block(Id="a.service"), block(Id="b.socket", ActiveState="failed", NeedDaemonReload="yes")])
    found = systemd.parse_states(text, ["a.service", "b.socket"])
    assert found["a.service"] == UnitState(exists=True, file="enabled", active="active", stale=False)
    assert found["b.socket"] == UnitState(exists=True, file="enabled", active="failed", stale=True)


@pytest.mark.parametrize(("job", "queued"), [("412", True), ("0", False), ("", False)])
def test_job_in_the_queue_is_read(job, queued):
    assert systemd.parse_states(block(Id="x.service", Job=job), ["x.service"])["x.service"].queued == queued


def test_missing_unit_does_not_exist():
    text = block(Id="x.service", LoadState="not-found", UnitFileState="", ActiveState="inactive")
    assert systemd.parse_states(text, ["x.service"])["x.service"] == MISSING_UNIT


@pytest.mark.parametrize("text", ["", "\n\n", "Failed to connect to bus"])
def test_empty_output_means_missing_units(text):
    assert not systemd.parse_states(text, ["a.service"])["a.service"].exists


@pytest.mark.parametrize(
    ("active", "running"),
    [("active", True), ("activating", True), ("reloading", True), ("failed", False), ("inactive", False),
     ("deactivating", False)],
)  # fmt: skip
def test_active_states_are_running(active, running):
    assert UnitState(exists=True, file="enabled", active=active, stale=False).running == running


@pytest.mark.parametrize(("sub", "running"), [("start", True), ("auto-restart", False), ("auto-restart-queued", False)])
def test_unit_waiting_for_a_restart_is_not_running(sub, running):
    text = block(Id="a.service", ActiveState="activating", SubState=sub)
    assert systemd.parse_states(text, ["a.service"])["a.service"].running == running


@pytest.mark.parametrize(("sub", "argv"), [("dead", "start"), ("auto-restart", "restart")])
def test_unit_waiting_for_a_restart_is_started_at_once(sub, argv):
    active = "inactive" if sub == "dead" else "activating"
    state = systemd.parse_states(block(Id="a.service", ActiveState=active, SubState=sub), ["a.service"])
    preview = RunningUnit("a.service").probe(
        cast(SystemCache, SimpleNamespace(unit=state.__getitem__)), cast(OwnershipIndex, None)
    )
    assert preview.argv[-1] == ("systemctl", argv, "a.service")
    assert (("systemctl", "reset-failed", "a.service") in preview.argv) == (sub == "auto-restart")


@pytest.mark.parametrize(
    ("file", "enabled"),
    [
        ("enabled", True),
        ("static", True),
        ("disabled", False),
        ("masked", False),
        ("enabled-runtime", False),
        ("", False),
    ],
)
def test_enabled_states_are_enabled(file, enabled):
    assert UnitState(exists=True, file=file, active="active", stale=False).enabled == enabled


def test_no_names_start_no_program():
    assert systemd.read_states([]) == {}


@pytest.mark.parametrize(
    ("state", "restarts", "since", "loading"),
    [
        ("start", 0, 5, True),
        ("running", 0, 5, True),
        ("running", 1, 5, True),
        ("running", 2, 5, False),
        ("running", 0, 200, False),
        ("auto-restart", 0, 5, True),
        ("auto-restart", 1, 5, False),
        ("dead", 0, 5, False),
        ("failed", 0, 5, False),
    ],
)
def test_loading_tolerates_one_failed_start(monkeypatch, state, restarts, since, loading):
    began = int((time.clock_gettime(time.CLOCK_MONOTONIC) - since) * 1e6)
    shown = f"SubState={state}\nNRestarts={restarts}\nExecMainStartTimestampMonotonic={began}\n"
    monkeypatch.setattr(systemd.commands, "run", lambda argv: Result(tuple(argv), 0, shown, "", (), 0.0))
    assert systemd.is_loading("blog.service", 180) is loading


def runs(*states: tuple[str, int, float]) -> Callable[[str], ServiceRun]:
    """Return systemd's states in this order; the last one stays."""
    left = [ServiceRun(*state) for state in states]
    return lambda name: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize(
    ("states", "restarts"),
    [
        ([("running", 0, 36000.0)], 0),
        ([("running", 7, 36000.0)], 0),
        ([("running", 0, 1.0), ("running", 0, 5.0)], 0),
        ([("running", 0, 1.0), ("auto-restart", 0, 0.0), ("running", 1, 1.0), ("running", 1, 9.0)], 0),
        ([("running", 0, 1.0), ("auto-restart", 0, 0.0), ("running", 1, 1.0), ("auto-restart", 1, 0.0),
          ("running", 2, 1.0)], 2),
        ([("running", 3, 1.0), ("auto-restart", 3, 0.0)], 3),
        ([("running", 3, 1.0), ("running", 3, 20.0)], 0),
        ([("auto-restart-queued", 9, 0.0)], 9),
        ([("dead", 0, 0.0)], 0),
        ([("failed", 9, 0.0)], 0),
    ],
)  # fmt: skip
def test_crash_loop_is_seen(states: list[tuple[str, int, float]], restarts: int) -> None:
    assert systemd.find_crash_loop("blog.service", read=runs(*states)) == restarts


@pytest.mark.parametrize(("state", "reads"), [(("running", 0, 11.0), 1), (("running", 2, 11.0), 2)])
def test_check_of_a_service_waits_only_for_one_that_has_just_started(state, reads):
    read = runs(state, ("running", state[1], 16.0))
    asked: list[str] = []

    def count(name: str) -> ServiceRun:
        asked.append(name)
        return read(name)

    assert systemd.find_crash_loop("blog.service", systemd.CHECKED_STABLE_SECONDS, count) == 0
    assert len(asked) == reads


def test_service_of_a_known_release_is_watched_for_a_second() -> None:
    read = runs(("running", 0, 20.0), ("running", 0, 21.0), ("running", 3, 0.1), ("auto-restart", 3, 0.0))
    assert systemd.find_crash_loop("blog.service", read=read, known=True) == 0
    looping = runs(("running", 0, 20.0), ("auto-restart", 1, 0.0), ("running", 2, 0.1), ("auto-restart", 2, 0.0))
    assert systemd.find_crash_loop("blog.service", read=looping, known=True) == 2


def test_service_run_is_parsed() -> None:
    text = "SubState=running\nNRestarts=4\nActiveEnterTimestampMonotonic=5000000\n"
    assert systemd.parse_service_run(text, 12.5) == ServiceRun("running", 4, 7.5)
    assert systemd.parse_service_run("", 12.5) == ServiceRun("", 0, 0.0)
