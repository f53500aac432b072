"""Test services that belong to a transaction, with a simulated systemd."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from piwizard.changes import companions
from piwizard.changes.base import ChangeFailed
from piwizard.changes.companions import NO_COMPANIONS, Companions, describe_stop
from piwizard.changes.paused_service import PausedServices
from piwizard.changes.transaction import Activation, Transaction
from piwizard.system import held_service
from piwizard.system.systemd import MISSING_UNIT, UnitState

STOPPED = UnitState(exists=True, file="enabled", active="inactive", stale=False)
RUNNING = replace(STOPPED, active="active")
LOOPING = replace(STOPPED, active="activating", failing=True)


@dataclass
class FakeWork:
    """The states of units, changed by the recorded commands."""

    states: dict[str, UnitState]
    ran: list[str] = field(default_factory=list)
    remembered: list[tuple[str, str]] = field(default_factory=list)

    @property
    def machine(self) -> FakeWork:
        return self

    def unit(self, name: str) -> UnitState:
        return self.states.get(name, MISSING_UNIT)

    def command(self, argv: tuple[str, ...], **options: Any) -> None:
        if argv[0] == "systemctl":
            self.ran.append(" ".join(argv[1:]))
            for name in argv[2:]:
                if argv[1] in ("start", "stop"):
                    self.states[name] = RUNNING if argv[1] == "start" else STOPPED

    def say(self, text: str) -> None:
        self.ran.append(f"say {text}")

    def remember(self, kind: str, target: str, before: object) -> None:
        self.remembered.append((kind, target))

    def begin(self, group: str, paths: object) -> None: ...

    def finish(self, group: str) -> None:
        self.ran.append("finish")

    def roll_back(self, group: str) -> None:
        self.ran.append("roll back")


@pytest.fixture
def stays_up(monkeypatch):
    """Decide which services stay up, and what they print."""
    down: set[str] = set()
    monkeypatch.setattr(companions, "find_problem", lambda name: "systemd restarted it 2 times" if name in down else "")
    monkeypatch.setattr(companions, "read_last_line", lambda name: "OSError: no sensor")
    return down


RESTART = Activation(("systemctl", "try-restart", "web"), unit="web")


def group(verify=None, services=("a", "b"), retired=("old",)):
    return Transaction(
        "g",
        (),
        activate=(RESTART,),
        verify=verify,
        companions=Companions(services, ("job",), retired, "app.processes", "Fix."),
    )


def test_services_stop_before_and_start_after_the_files_are_activated(stays_up):
    work = FakeWork({"a": RUNNING, "b": STOPPED, "old": LOOPING, "job": STOPPED})
    group().apply(work)
    assert work.ran == ["stop a old", "reset-failed a b", "start a b", "finish"]
    assert work.remembered == [("group", "g"), ("unit", "a"), ("unit", "b"), ("unit", "job")]


def test_service_that_does_not_stay_up_brings_everything_back(stays_up):
    stays_up.add("b")
    work = FakeWork({"web": RUNNING, "a": RUNNING, "b": RUNNING, "old": RUNNING})
    with pytest.raises(ChangeFailed) as failed:
        group().apply(work)
    assert failed.value.message == (
        "app.processes: b does not stay up: systemd restarted it 2 times. Its last line: OSError: no sensor"
    )
    assert failed.value.key == "app.processes"
    started = ["stop a b old", "try-restart web", "reset-failed a b", "start a b"]
    assert work.ran == [*started, "stop a b", "roll back", "try-restart web", "start a b old"]


def test_web_service_that_fails_brings_the_services_back_too(stays_up):
    work = FakeWork({"a": RUNNING, "b": STOPPED})
    with pytest.raises(ChangeFailed, match="no answer"):
        group(verify=lambda: "no answer", retired=()).apply(work)
    assert work.ran == ["stop a", "roll back", "start a"]


@pytest.mark.parametrize("web", [RUNNING, LOOPING])
def test_new_service_that_fails_is_not_left_running(stays_up, web):
    stays_up.add("a")
    work = FakeWork({"web": web, "a": STOPPED})
    with pytest.raises(ChangeFailed):
        group(services=("a",), retired=()).apply(work)
    assert work.ran[-3:] == ["stop a", "roll back", "try-restart web"]


@pytest.mark.parametrize("states", [{}, {"web": STOPPED}])
def test_service_that_fails_at_first_keeps_no_web_service_from_starting(stays_up, states):
    stays_up.add("a")
    work = FakeWork(dict(states))
    group(services=("a", "b"), retired=()).apply(work)
    assert work.ran[-2:] == [
        "say app.processes: a does not stay up: systemd restarted it 2 times. Its last line: OSError: no sensor Fix.",
        "finish",
    ]


def test_transaction_without_services_runs_no_command(stays_up):
    work = FakeWork({})
    Transaction("g", (), companions=NO_COMPANIONS).apply(work)
    assert work.ran == ["finish"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RUNNING, ""),
        (STOPPED, "it ended"),
        (LOOPING, "waits for its next"),
        (replace(STOPPED, active="failed"), "no longer"),
    ],
)
def test_stopped_service_says_why(state, words):
    assert words in describe_stop(state)
    assert bool(words) == bool(describe_stop(state))


def test_paused_services_wait_until_they_may_start(monkeypatch, tmp_path, own_places):
    monkeypatch.setattr(held_service, "UNITS", tmp_path / "units")
    work = FakeWork({"web.service": RUNNING, "logger.service": LOOPING, "job.service": STOPPED})
    services = ("web.service", "logger.service", "job.service", "new.service")
    paused = PausedServices(services)
    paused.stop(work)
    assert work.ran == [
        "daemon-reload",
        "reset-failed web.service logger.service job.service",
        "stop web.service logger.service job.service",
        "start --no-block web.service logger.service",
    ]
    held = [path.parent.name for path in (tmp_path / "units").glob("*/piwizard-hold.conf")]
    assert sorted(held) == ["job.service.d", "logger.service.d", "web.service.d"]
    paused.stop(work)
    assert len(work.ran) == 4, "services that are stopped already stay unchanged"
    paused.let_start(work)
    assert not list((tmp_path / "units").iterdir())
