"""Test findings in the messages of systemd, gunicorn and nginx."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from piwizard.diagnosis import journald
from piwizard.diagnosis.journald import JournalLine
from piwizard.diagnosis.nginx_errors import parse, upload_problems, upstream_problems
from piwizard.diagnosis.service_errors import service_problems
from piwizard.system.remedies import ApplySteps
from tests.unit.diagnosis import recorded

BEGIN = datetime(2026, 11, 22, 12, 47, tzinfo=UTC)
SOCKET = "/run/piwizard-myflask.sock"


def lines(text: str) -> list[JournalLine]:
    """Return the journal lines of "PID|text", one second apart."""
    parts = [line.partition("|") for line in text.splitlines()]
    return [JournalLine(BEGIN + timedelta(seconds=at), pid, words) for at, (pid, _, words) in enumerate(parts)]


@pytest.mark.parametrize(
    ("text", "explained", "found"),
    [
        (recorded.LOOP, False, {"crash-loop": "does not say why"}),
        (recorded.LOOP, True, {"crash-loop": "the other findings say why"}),
        (recorded.NAMESPACE, False, {"service-cannot-start": "A folder that the app writes to is missing"}),
        (recorded.TIMEOUT, False, {"worker-timeout": "took so long"}),
        (recorded.KILLED, False, {"out-of-memory": "killed by another program"}),
        (recorded.TIMEOUT + recorded.KILLED + recorded.BY_KERNEL, False,
         {"out-of-memory": "The kernel killed", "worker-timeout": "took so long"}),
        ("1|Started myflask.service.\n", False, {}),
        ("", False, {}),
    ],
)  # fmt: skip
def test_service_problem_is_explained(text: str, explained: bool, found: dict[str, str]) -> None:
    seen = {finding.id: finding for finding in service_problems(lines(text), "myflask", explained=explained)}
    assert seen.keys() == found.keys()
    for name, words in found.items():
        assert words in seen[name].cause
        assert seen[name].advice


def test_crash_loop_has_number_and_exit_code() -> None:
    (finding,) = service_problems(lines(recorded.LOOP), "myflask", explained=False)
    assert finding.detail == (
        "restarted 3 times within 15 minutes, each time with exit code 3; systemd no longer restarts it"
    )
    assert [one.steps for one in finding.fix if isinstance(one, ApplySteps)] == [("gunicorn",)]


def test_lines_before_the_last_start_are_ignored() -> None:
    again = "1|Starting myflask.service - Site myflask (gunicorn)...\n800|[INFO] Starting gunicorn 27.0.1\n"
    assert [line.text for line in journald.last_start(lines(recorded.LOOP + again))][-1:] == [
        "[INFO] Starting gunicorn 27.0.1"
    ]
    assert len(journald.last_start(lines(recorded.LOOP + again))) == 2
    assert journald.last_start(lines(recorded.LOOP)) == lines(recorded.LOOP)
    assert journald.last_start([]) == []


def test_journal_is_parsed() -> None:
    at = {"__REALTIME_TIMESTAMP": str(int(BEGIN.timestamp() * 1e6))}
    text = "\n".join(
        [
            json.dumps({**at, "_PID": "597", "MESSAGE": "plain"}),
            json.dumps({**at, "_PID": "598", "MESSAGE": list("caf\xe9".encode("latin-1"))}),
            json.dumps({**at, "_PID": "598", "MESSAGE": None}),
            json.dumps({"MESSAGE": "without a time"}),
            '["no", "line"]',
            '{"torn',
        ]
    )
    found = journald.parse(text)
    assert [(line.pid, line.text) for line in found] == [("597", "plain"), ("598", "caf\ufffd"), ("598", "")]
    assert found[0].at == BEGIN
    assert [[line.text for line in own] for own in journald.by_process(found)] == [["plain"], ["caf\ufffd", ""]]


def test_nginx_problems_are_found_by_socket() -> None:
    refused = parse(recorded.NGINX)
    assert len(refused) == 3
    found = upstream_problems(refused, "myflask", SOCKET, None)
    assert {finding.id: finding.detail.partition(":")[0] for finding in found} == {
        "page-cut-off": "GET /slow",
        "app-socket-closed": "GET /",
    }
    assert [finding.id for finding in upstream_problems(refused, "blog", "/run/piwizard-blog.sock", None)] == [
        "page-too-slow"
    ]
    assert upstream_problems(refused, "myflask", SOCKET, datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_upload_that_nginx_refused_names_the_limit_to_set() -> None:
    refused = parse(
        "2026/11/22 12:50:02 [error] 617#617: *27 client intended to send too large body: 209715200 bytes, client: "
        '192.168.1.50, server: pi.example, request: "POST /upload HTTP/1.1", host: "pi.example"\n'
        "2026/11/22 12:51:02 [error] 617#617: *28 client intended to send too large chunked body: 16777216+8192 bytes, "
        'client: 192.168.1.50, server: other.example, request: "POST /a HTTP/1.1", host: "other.example"\n'
    )
    (finding,) = upload_problems(refused, "myflask", ["pi.example", "www.pi.example"], None)
    assert finding.id == "upload-too-large"
    assert "POST /upload" in finding.detail
    assert "upload_limit = 200 under [app]" in finding.advice
    (other,) = upload_problems(refused, "other", ["other.example"], None)
    assert "upload_limit = 17 " in other.advice
    assert upload_problems(refused, "third", ["third.example"], None) == []


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\u2029"])
def test_only_line_feeds_end_the_lines_of_logs(separator: str) -> None:
    """An app could hide its errors otherwise, and a visitor could write lines of nginx."""
    entry = {"__REALTIME_TIMESTAMP": "1", "_PID": "7", "MESSAGE": f"one{separator}two"}
    assert [line.text for line in journald.parse(json.dumps(entry, ensure_ascii=False))] == [f"one{separator}two"]
    forged = recorded.NGINX.split("\n")[1]
    assert len(parse(forged)) == 1
    assert parse(f"not nginx's {separator}{forged}") == []
