"""What the timer of the step `alerts` does with what it finds."""

from __future__ import annotations

import pytest

from piwizard.alerts import alert_state, event, heartbeat
from piwizard.alerts.event import Event
from piwizard.engine import run_launch
from piwizard.setup import alert_check, workspace
from piwizard.setup.alert_check import AlertSettings
from piwizard.setup.health_timer import Problem

DOWN = Problem("blog/site/site-answers", "site of blog, Site answers", "no answer.")
WRONG = Problem("ddns/name", "ddns, Domain points here", "points elsewhere.")


class Machine:
    """What exists on the simulated machine, and what was sent from it."""

    def __init__(self) -> None:
        self.live: list[Problem] = []
        self.complete: list[Problem] = []
        self.sent: list[str] = []
        self.beats = 0
        self.waits = 0
        self.inspections = 0

    def check(self, *, complete: bool = False, restore: bool = False) -> list[str]:
        def wait(seconds: float) -> None:
            self.waits += 1
            if restore:
                self.live = []

        self.sent.clear()
        alert_check.check(complete=complete, send=self._send, wait=wait)
        return list(self.sent)

    def _send(self, address, notification):
        self.sent.append(notification.title.partition(": ")[2])
        return "sent"


@pytest.fixture
def machine(own_places, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    event.events_dir().mkdir(parents=True)
    monkeypatch.setattr(alert_check, "settings", lambda _: AlertSettings(("ntfy://x",), "https://beat"))
    monkeypatch.setattr(run_launch, "under_way", lambda: None)
    monkeypatch.setattr(
        workspace, "planner", lambda _: type("P", (), {"context": type("C", (), {"invalidate": print})()})
    )
    monkeypatch.setattr(workspace, "state", lambda: None)
    monkeypatch.setattr(alert_check.failed_logins, "count_failed_logins", lambda: 0)
    monkeypatch.setattr(alert_check.health_timer, "done_instances", lambda planner, state: iter(()))
    monkeypatch.setattr(alert_check.health_timer, "show_at_login", lambda found: [])

    def problems(planner, state):
        made.inspections += 1
        return list(made.complete)

    def beat(url: str) -> bool:
        made.beats += 1
        return True

    monkeypatch.setattr(alert_check.health_timer, "problems", problems)
    monkeypatch.setattr(heartbeat, "ping", beat)
    inspect = alert_check._inspect

    def with_live(planner, state, *, complete):
        found, lines = inspect(planner, state, complete=complete)
        return [*found, *(alert_check.Observation(one.id, one.label, one.text) for one in made.live)], lines

    monkeypatch.setattr(alert_check, "_inspect", with_live)
    return made


def test_idle_pi_pings_the_heartbeat_and_writes_nothing(machine):
    machine.check()
    before = alert_state.state_file().stat().st_mtime_ns
    for _ in range(20):
        assert machine.check() == []
    assert machine.beats == 21
    assert machine.inspections == 1
    assert alert_state.state_file().stat().st_mtime_ns == before


def test_problem_stops_the_heartbeat_and_its_end_starts_it(machine):
    machine.live = [DOWN]
    assert machine.check() == ["site of blog, Site answers"]
    assert machine.beats == 0
    machine.live = []
    assert machine.check() == ["site of blog, Site answers: OK again"]
    assert machine.beats == 1


def test_problem_that_ends_within_seconds_does_not_count(machine):
    machine.live = [DOWN]
    assert machine.check(restore=True) == []
    assert machine.waits == 1


def test_problem_of_the_complete_inspection_stays_until_the_next_one(machine):
    machine.complete = [WRONG]
    assert machine.check(complete=True) == ["ddns, Domain points here"]
    machine.complete = []
    assert machine.check() == []
    assert alert_state.load().log.open
    assert machine.check(complete=True) == ["ddns, Domain points here: OK again"]


def test_nothing_new_counts_during_a_run(machine, monkeypatch):
    machine.live = [DOWN]
    monkeypatch.setattr(run_launch, "under_way", lambda: "run-1")
    assert machine.check() == []
    monkeypatch.setattr(run_launch, "under_way", lambda: None)
    assert machine.check() == ["site of blog, Site answers"]
    monkeypatch.setattr(run_launch, "under_way", lambda: "run-2")
    machine.live = []
    assert machine.check() == []


def test_reported_event_is_sent_and_removed(machine):
    event.report(Event("deploy-failed", "failed", "Deploy of blog failed", subject="blog"))
    assert machine.check() == ["Deploy of blog failed"]
    assert event.stored_events() == []
    assert machine.check() == []


def test_start_without_a_shutdown_is_sent_once(machine, monkeypatch):
    boots = iter(("1", "1", "2", "2", "3"))

    def read_boot(state, now, after=alert_check._after_start):
        boot = next(boots)
        monkeypatch.setattr(
            alert_check.files, "read", lambda path, read=alert_check.files.read: _boot(path, boot, read)
        )
        return after(state, now)

    monkeypatch.setattr(alert_check, "_after_start", read_boot)
    assert machine.check() == []
    assert machine.check() == []
    assert machine.check() == ["The Pi has restarted"]
    assert machine.check() == []
    alert_check.clean_shutdown_file().touch()
    assert machine.check() == []
    assert not alert_check.clean_shutdown_file().exists()


def _boot(path, boot, read):
    return boot.encode() if path.name == "boot_id" else read(path)
