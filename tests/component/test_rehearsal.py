"""Rehearse the whole setup in a copy of this machine, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import urllib.request

import pytest

from piwizard.sandbox.sandbox_init import children
from piwizard.system.commands import Process
from tests.lab.eventually import eventually
from tests.lab.trace import Host, ownerless


class Rehearsal:
    """A running `piwizard rehearse --json` on a host, read line by line."""

    def __init__(self, host: Host, *options: str) -> None:
        self.events: list[dict] = []
        self._news = threading.Condition()
        argv = (sys.executable, "-m", "piwizard", "rehearse", "--json", *options)
        self.process: Process = host.start(argv, on_line=self._take)

    def _take(self, stream: str, line: str) -> None:
        with self._news:
            self.events.append(json.loads(line) if stream == "stdout" else {"event": "stderr", "text": line})
            self._news.notify_all()

    def wait_for(self, name: str, timeout: float = 300) -> dict:
        with self._news:
            assert self._news.wait_for(lambda: self._find(name), timeout), f"{name} never came: {self.events[-5:]}"
        return self._find(name)

    def _find(self, name: str) -> dict:
        return next((event for event in self.events if event.get("event") == name), {})

    def signal(self, number: int) -> None:
        os.kill(children(self.process.pid)[0], number)

    def end(self) -> int:
        return self.process.wait().exit


@pytest.fixture
def host():
    """Return this machine, and check that no trace of the test is left on it."""
    watched = Host()
    before = watched.traces()
    yield watched
    after = watched.traces()
    watched.cut()
    assert {name: sorted(set(after[name]) ^ set(before[name])) for name in after if after[name] != before[name]} == {}


def test_rehearsal_serves_the_sample_app_from_a_copy(host: Host) -> None:
    rehearsal = Rehearsal(host, "--keep")
    finished = rehearsal.wait_for("rehearsal-finished")
    assert finished["ok"], [event for event in rehearsal.events if event["event"] in ("error", "stderr")]
    assert {check["step"] for check in finished["checks"]} >= {"system", "nginx", "app", "gunicorn", "site"}

    address = finished["address"]
    assert "Your Flask app is being served" in _get(address)[1].decode()
    assert _get(address + "chart.png")[1].startswith(b"\x89PNG")
    assert _get(address + "feed.rss")[0]["Content-Type"].startswith("application/rss+xml")
    assert _get(address + "static/style.css", {"Accept-Encoding": "gzip"})[0]["Content-Encoding"] == "gzip"

    rehearsal.signal(signal.SIGINT)
    assert rehearsal.end() == 0


def test_killed_rehearsal_can_start_again(host: Host) -> None:
    killed = Rehearsal(host)
    killed.wait_for("command-started")
    killed.signal(signal.SIGKILL)
    killed.end()
    # The kernel removes processes, mounts and networks with it, without a cleanup.
    eventually(lambda: _assert_equal(host.processes(), []), timeout=60)
    assert len(ownerless()) == 1, "no folder is left for the next one to remove"

    again = Rehearsal(host)
    again.wait_for("command-started")
    assert ownerless() == []
    again.signal(signal.SIGINT)
    assert again.end() == 130


@pytest.mark.nightly
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_rehearsal_ends_cleanly_if_stopped_during_boot(host: Host, number: int) -> None:
    rehearsal = Rehearsal(host)
    rehearsal.wait_for("note")
    rehearsal.signal(number)
    assert rehearsal.end() == 130


def test_rehearsal_refuses_bad_answers_before_it_starts(host: Host, tmp_path) -> None:
    (tmp_path / "answers.toml").write_text("[site\n")
    rehearsal = Rehearsal(host, "--answers", str(tmp_path / "answers.toml"))
    assert rehearsal.end() == 1
    assert not rehearsal._find("note")


def _get(address: str, headers: dict[str, str] | None = None):
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}), timeout=20) as answer:
        return answer.headers, answer.read()


def _assert_equal(one: object, other: object) -> None:
    assert one == other
