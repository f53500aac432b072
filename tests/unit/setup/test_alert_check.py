"""What the timer of the step `alerts` does with what it finds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from piwizard.alerts import alert_state, event, failed_logins, heartbeat, heartbeat_record
from piwizard.alerts.event import Event
from piwizard.engine import run_launch
from piwizard.setup import alert_check, alert_inspection, health_timer, name_watch, workspace
from piwizard.setup.alert_check import AlertSettings
from piwizard.setup.health import StepHealth
from piwizard.setup.health_timer import Problem
from piwizard.steps.nginx import Nginx
from piwizard.steps.registry import StepInstance
from piwizard.system.checks import Check

DOWN = Problem("blog/site/site-answers", "site of blog, Site answers", "no answer.")
WRONG = Problem("ddns/name", "ddns, Domain points here", "points elsewhere.")
NAME, HOME, ELSEWHERE = "blog.example.org", ("11.22.33.44",), ("104.21.3.7",)
ASTRAY = Problem("ddns/name-points-here", "ddns, Domain points here", "points elsewhere.", True, NAME)
CHECK_SECONDS = 240.0


NGINX = StepInstance(Nginx(), None)


class Planned:
    """A planner without answers, for a machine without anything."""

    answers = None
    context = SimpleNamespace(facts=SimpleNamespace(network=None), invalidate=lambda: None)

    def answers_of(self, site):
        return {}


class Machine:
    """What exists on the simulated machine, and what was sent from it."""

    def __init__(self) -> None:
        self.live: list[Problem] = []
        self.complete: list[Problem] = []
        self.sent: list[str] = []
        self.beats = 0
        self.accepts = True
        self.waits = 0
        self.inspections = 0
        self.clock = 1000.0
        self.names: dict[str, tuple[str, ...]] = {NAME: HOME}

    def check(self, *, complete: bool = False, restore: bool = False) -> list[str]:
        def wait(seconds: float) -> None:
            self.waits += 1
            if restore:
                self.live = []

        self.sent.clear()
        self.clock += CHECK_SECONDS
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
    monkeypatch.setattr(alert_check, "ended_problems", lambda *_: [])
    monkeypatch.setattr(run_launch, "under_way", lambda: None)
    monkeypatch.setattr(workspace, "planner", lambda _: Planned())
    monkeypatch.setattr(workspace, "state", lambda: None)
    monkeypatch.setattr(failed_logins, "count_failed_logins", lambda: 0)
    monkeypatch.setattr(health_timer, "done_instances", lambda planner, state: [NGINX])
    monkeypatch.setattr(health_timer, "check_key", lambda instance, check: check.id)
    monkeypatch.setattr(health_timer, "problem_of", lambda instance, check: Problem(check.id, check.name, check.detail))
    monkeypatch.setattr(health_timer, "show_at_login", lambda found: [])
    monkeypatch.setattr(name_watch, "public_domains", lambda answers: [NAME])
    monkeypatch.setattr(name_watch, "look_up_names", lambda names: dict(made.names))
    monkeypatch.setattr(name_watch, "name_problems", lambda names, network: [])
    monkeypatch.setattr(alert_inspection, "since_start", lambda: made.clock)

    def inspect_live(planner, instance):
        return StepHealth(instance, checks=tuple(Check(one.id, one.label, False, one.text) for one in made.live))

    def problems(planner, state):
        made.inspections += 1
        return list(made.complete)

    def beat(url: str) -> bool:
        made.beats += 1
        return made.accepts

    monkeypatch.setattr(alert_inspection, "inspect_live", inspect_live)
    monkeypatch.setattr(health_timer, "problems", problems)
    monkeypatch.setattr(heartbeat, "ping", beat)
    return made


def test_idle_pi_pings_the_heartbeat_and_writes_nothing(machine):
    machine.check()
    before = alert_state.state_file().stat().st_mtime_ns
    for _ in range(20):
        assert machine.check() == []
    assert machine.beats == 21
    assert machine.inspections == 2
    assert alert_state.state_file().stat().st_mtime_ns == before


def test_heartbeat_that_is_refused_for_hours_is_reported_once_and_asked_on(machine, monkeypatch):
    monkeypatch.setattr(heartbeat_record, "_since_start", lambda: machine.clock)
    machine.accepts = False
    sent = [title for _ in range(200) for title in machine.check()]
    assert sent == ["Heartbeat accepted"]
    assert machine.beats == 200  # its own problem does not stop it: it would never end
    machine.accepts = True
    machine.check()
    assert machine.check() == ["Heartbeat accepted: OK again"]


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


def test_problem_outside_counts_only_if_it_lasts(machine):
    machine.check()
    machine.complete = [ASTRAY]
    assert machine.check(complete=True) == []
    assert machine.check() == []
    machine.complete = []
    assert machine.check() == []
    assert alert_inspection.load_inspection().problems == ()
    machine.complete = [ASTRAY]
    assert [machine.check(complete=True), machine.check(), machine.check()] == [[], [], [ASTRAY.label]]


def test_domain_that_moves_elsewhere_counts_at_once(machine):
    machine.check()
    machine.complete, machine.names = [ASTRAY], {NAME: ELSEWHERE}
    assert machine.check() == [ASTRAY.label]
    assert machine.check() == []
    machine.complete, machine.names = [], {NAME: HOME}
    assert machine.check() == [f"{ASTRAY.label}: OK again"]


def test_domain_without_an_answer_has_not_moved(machine):
    machine.check()
    machine.complete, machine.names = [ASTRAY], {}
    assert machine.check() == []
    machine.complete, machine.names = [], {NAME: HOME}
    assert machine.check() == []
    assert machine.inspections == 1


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


def test_month_of_eventful_nights_causes_no_alert(machine, monkeypatch):
    """Every night: the router reconnects and gets another IP, nginx reloads, updates reboot the Pi, the clock steps."""
    unreachable = Problem("ddns/name-points-here", "ddns, Domain points here", "no answer.", True, NAME)
    away = Problem("router/port-forwarded", "router, Port 80 forwarded", "the router does not answer.", True)
    now = [1_800_000_000.0]
    monkeypatch.setattr(alert_check.time, "time", lambda: now[0])
    monkeypatch.setattr(alert_check.files, "read", lambda path, read=alert_check.files.read: _boot(path, boot[0], read))
    boot = ["first"]
    sent: list[str] = []

    def check(**how) -> None:
        now[0] += CHECK_SECONDS
        sent.extend(machine.check(**how))

    for night in range(30):
        machine.clock += 23 * 3600  # a complete inspection is due, in the middle of the reconnection
        now[0] += 23 * 3600
        machine.names, machine.complete = {}, [unreachable, away]
        check()
        machine.names, machine.complete = {NAME: (f"11.22.33.{night}",)}, [ASTRAY]  # the client has not noticed yet
        check()
        machine.names, machine.complete = {NAME: (f"11.22.33.{night + 1}",)}, []
        check()
        machine.live = [DOWN]
        check(restore=True)
        boot[0] = f"night {night}"
        alert_check.clean_shutdown_file().touch()
        alert_inspection._inspection_file().unlink()
        machine.clock = 30.0
        check()
        now[0] += (-1) ** night * 7200.0
        check()
    assert sent == []
    assert machine.beats == 30 * 6
    assert alert_state.load().recent == ()


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
