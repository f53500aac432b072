"""What alerts remember, what is sent, and to whom."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.alerts import alert_state, delivery, event, heartbeat, message_text, send_program, sending
from piwizard.alerts.alert_state import AlertState
from piwizard.alerts.event import Event
from piwizard.alerts.problem_log import Message, Observation, ProblemLog, advance
from piwizard.alerts.quiet_hours import parse_quiet_hours
from piwizard.answers.model import Answers
from piwizard.steps.alerts import MAX_WAIT_SECONDS, Alerts
from piwizard.system import console, paths

NOW = 1_800_000_000.0
MESSAGE = Message("failed", "disk-space", "Free disk space", "3 MiB free", "Delete something.", NOW)
MAIL, NTFY = "mailtos://me:secret@mail.example", "ntfy://topic"
BOTH = (sending.address_id(MAIL), sending.address_id(NTFY))


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    monkeypatch.setattr(paths, "lock_file", lambda: tmp_path / "run" / "run.lock")
    return tmp_path / "alerts"


def waiting() -> AlertState:
    return AlertState().with_message([MESSAGE], message_text.compose([MESSAGE], "pi"), NOW, BOTH)


def test_message_that_was_not_sent_is_a_problem_when_it_has_waited_for_long():
    """Otherwise a power cut just before one is sent stops the heartbeat."""
    assert [one.ok for one in Alerts().live_checks(Answers(None, {})) if one.id == "alerts-delivered"] == [True]
    for seconds, ok in ((60.0, True), (2 * MAX_WAIT_SECONDS, False)):
        notification = message_text.compose([MESSAGE], "pi")
        alert_state.save(AlertState().with_message([MESSAGE], notification, time.time() - seconds, BOTH))
        found = {one.id: one for one in Alerts().live_checks(Answers(None, {}))}
        assert found["alerts-delivered"].ok is ok


def test_event_is_stored_only_if_alerts_are_set_up(state_folder):
    assert not event.report(Event("deploy-failed", "failed", "Deploy failed"))
    event.events_dir().mkdir(parents=True)
    assert event.report(Event("deploy-failed", "failed", "Deploy \x1b[31mfailed", subject="blog"))
    [(path, stored)] = event.stored_events()
    assert stored is not None
    assert (stored.key, stored.title) == ("deploy-failed/blog", r"Deploy \x1b[31mfailed")
    assert path.stat().st_mode & 0o777 == 0o600


def test_flood_of_events_is_limited():
    event.events_dir().mkdir(parents=True)
    stored = [event.report(Event("x", "notice", "x")) for _ in range(event.MAX_STORED + 5)]
    assert stored.count(True) == event.MAX_STORED


def test_damaged_event_is_skipped():
    event.events_dir().mkdir(parents=True)
    for content in ("", "[]", "{", '{"id": 1}', '{"version": 1, "id": "x", "state": "odd", "title": ""}'):
        (event.events_dir() / f"{len(content)}.json").write_text(content)
    assert [found for _, found in event.stored_events()] == [None] * 5


def test_state_survives_a_restart_and_is_written_only_if_changed():
    log, _ = advance(ProblemLog(), [Observation("a", "A", "no")], [Event("b", "notice", "B")], NOW, quiet=True)
    state = AlertState(log, waiting().unsent, (MESSAGE,), "boot")
    assert alert_state.save(state)
    assert alert_state.load() == state
    before = alert_state.state_file().stat().st_ino
    assert not alert_state.save(state, alert_state.load())
    assert alert_state.state_file().stat().st_ino == before
    assert alert_state.state_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1, "log": 3}'])
def test_damaged_state_counts_as_none(content):
    alert_state.state_file().parent.mkdir(parents=True)
    alert_state.state_file().write_text(content)
    assert alert_state.load() == AlertState()


def test_state_of_a_full_card_is_kept_in_memory(tmp_path, monkeypatch):
    def full(path, content, mode=0o600, replace=alert_state.files.replace):
        if path == alert_state.state_file():
            raise OSError(28, "No space left on device")
        replace(path, content, mode=mode)

    with monkeypatch.context() as patch:
        patch.setattr(alert_state.files, "replace", full)
        assert alert_state.save(waiting())
        assert alert_state.load() == waiting()
    assert alert_state.save(AlertState(boot="x"))
    assert alert_state.load() == AlertState(boot="x")
    assert not (tmp_path / "run" / "alerts.json").exists()


def test_state_contains_no_address():
    alert_state.save(waiting())
    assert "secret" not in alert_state.state_file().read_text()


def test_address_that_fails_gets_the_message_later():
    sent: list[str] = []

    def refuse_mail(address, notification):
        sent.append(address)
        return "refused" if address == MAIL else "sent"

    state, results = delivery.deliver(waiting(), (MAIL, NTFY), refuse_mail, NOW)
    assert sent == [MAIL, NTFY]
    assert results == {BOTH[0]: "refused", BOTH[1]: "sent"}
    sent.clear()
    state, _ = delivery.deliver(state, (MAIL, NTFY), lambda address, _: sent.append(address) or "sent", NOW)
    assert sent == [MAIL]
    assert state.unsent == ()


def messages_of(*labels: str) -> AlertState:
    state = AlertState()
    for label in labels:
        message = Message("failed", label, label, "", "", NOW)
        state = state.with_message([message], message_text.compose([message], "pi"), NOW, BOTH[:1])
    return state


def test_text_that_a_server_refuses_for_good_keeps_no_later_message_back():
    tried: list[str] = []

    def refuse_one(address, notification):
        tried.append(notification.title)
        return "refused" if "a" in notification.title else "sent"

    state, results = delivery.deliver(messages_of("a", "b", "c", "d"), (MAIL,), refuse_one, NOW)
    assert tried == ["pi: a", "pi: d", "pi: b", "pi: c"]
    assert results == {BOTH[0]: "refused"}
    assert [one.notification.title for one in state.unsent] == ["pi: a"]


@pytest.mark.parametrize(("result", "attempts"), [("refused", 2), ("time-out", 1), ("address", 1)])
def test_server_that_is_down_is_left_alone_until_the_next_time(result, attempts):
    tried: list[str] = []
    before = messages_of("a", "b", "c")
    state, results = delivery.deliver(before, (MAIL,), lambda _, one: tried.append(one.title) or result, NOW)
    assert (len(tried), results, state) == (attempts, {BOTH[0]: result}, before)


def test_message_is_sent_as_text_which_apprise_escapes_for_html(monkeypatch):
    given: dict[str, object] = {}
    apprise = SimpleNamespace(
        Apprise=lambda: SimpleNamespace(add=lambda url: True, notify=lambda **words: given.update(words) or True),
        NotifyFormat=SimpleNamespace(TEXT="text"),
    )
    monkeypatch.setitem(sys.modules, "apprise", apprise)
    monkeypatch.setattr(logging, "disable", lambda level: None)  # it would last for all tests
    wanted = {"url": NTFY, "title": "<b>pi", "body": "<img src=x>", "kind": "failure"}
    assert send_program.send(wanted) == "sent"
    assert (given["body_format"], given["body"]) == ("text", "<img src=x>")


def test_event_has_no_known_secret(monkeypatch):
    monkeypatch.setattr(console, "_secret_filter", None)
    console.hide_secrets(["tulips-and-bees"])
    event.events_dir().mkdir(parents=True)
    event.report(Event("deploy-failed", "failed", "Failed", "postgresql://blog:tulips-and-bees@db", subject="blog"))
    [(path, _)] = event.stored_events()
    assert "tulips" not in path.read_text()


def test_removed_address_and_old_messages_are_dropped():
    assert delivery.deliver(waiting(), (), lambda *_: "sent", NOW)[0].unsent == ()
    late = NOW + alert_state.KEEP_UNSENT_SECONDS + 1
    assert delivery.deliver(waiting(), (MAIL, NTFY), lambda *_: "refused", late)[0].unsent == ()


def test_notification_names_the_host_and_what_to_do():
    notification = message_text.compose([MESSAGE], "raspberrypi")
    assert notification.title == "raspberrypi: Free disk space"
    assert "Delete something." in notification.body
    assert notification.kind == "failure"
    both = message_text.compose([Message("recovered", "b", "B", "", "", NOW), MESSAGE], "pi")
    assert (both.title, both.kind) == ("pi: Free disk space (and 1 more)", "failure")
    assert "B: OK again." in both.body


@pytest.mark.parametrize(
    ("hours", "time", "quiet"),
    [
        ("22:00-07:00", "23:30", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("12:00-13:30", "13:29", True),
        ("12:00-13:30", "11:59", False),
    ],
)
def test_quiet_hours_may_span_midnight(hours, time, quiet):
    found = parse_quiet_hours(hours)
    assert found is not None
    assert found.contain(datetime.fromisoformat(f"2026-11-30T{time}")) is quiet


@pytest.mark.parametrize("text", ["", "22-7", "24:00-07:00", "22:00-22:00", "22:00 - 07:00"])
def test_other_texts_are_no_quiet_hours(text):
    assert parse_quiet_hours(text) is None


def test_heartbeat_that_hangs_ends_at_the_limit(monkeypatch):
    monkeypatch.setattr(heartbeat, "LIMITS", heartbeat.Limits(0.2, 100))
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never answers
        assert not heartbeat.ping(f"http://127.0.0.1:{server.getsockname()[1]}/beat")


def test_heartbeat_requests_its_path_once():
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as visitor:
                asked.append(visitor.recv(4096))
                visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

        thread = threading.Thread(target=answer)
        thread.start()
        assert heartbeat.ping(f"http://127.0.0.1:{server.getsockname()[1]}/uuid?a=b")
        thread.join()
    assert asked[0].startswith(b"GET /uuid?a=b HTTP/1.1\r\n")


def test_address_is_named_by_its_kind_only():
    assert sending.address_name(MAIL, 1) == "address 1 (mailtos)"
