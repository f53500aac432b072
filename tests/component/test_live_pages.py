"""Test a chat over Socket.IO and a camera stream, with real clients through nginx.

The app starts as a script. The measurements are in the log: `-o log_cli=true --log-level=INFO` shows them.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from piwizard.apps.process_model import GTHREAD
from tests.lab import live_clients, product, quickstart
from tests.lab.lab import Lab
from tests.lab.network import LAPTOP
from tests.lab.pi import Pi

log = logging.getLogger(__name__)

APP = """
import sqlite3
import time

from flask import Flask, Response, request
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading")


@app.route("/")
def home():
    with sqlite3.connect("chat.db") as db:
        return f"{{db.execute('SELECT count(*) FROM lines').fetchone()[0]}} lines in version {version}"


@app.route("/visitor")
def visitor():
    return {{"address": request.remote_addr, "root": request.url_root}}


@app.route("/camera")
def camera():
    def frames():
        while True:
            yield b"--frame\\r\\nContent-Type: image/jpeg\\r\\n\\r\\n" + bytes(5000) + b"\\r\\n"
            time.sleep(0.5)

    return Response(frames(), mimetype="multipart/x-mixed-replace; boundary=frame")


@socketio.on("connect")
def greet():
    emit("version", {version})


@socketio.on("say")
def say(line):
    emit("said", line, broadcast=True)


if __name__ == "__main__":
    with sqlite3.connect("chat.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS lines (line TEXT)")
    socketio.run(app, host="0.0.0.0", debug=True)
"""
REQUIREMENTS = "flask\nflask-socketio\nsimple-websocket\n# for the clients of the test:\nrequests\nwebsocket-client\n"
CLIENTS = "/root/clients/bin/python"
"""A copy of the app's environment: a deploy leaves it alone."""

ANSWERS = """
[site]
name = "myflask"
domains = ["{host}"]

[app]
repo = "{repo}"
"""
MANY_SOCKETS, MANY_STREAMS = 20, 50
LONGEST_WAIT_SECONDS = 5
"""A page that finds no free thread waits until a stream ends, which it never does."""


def version(number: int) -> dict[str, str]:
    return {"app.py": APP.format(version=number), "requirements.txt": REQUIREMENTS}


@pytest.fixture(scope="module")
def pi(lab: Lab, release: str) -> Iterator[Pi]:
    """Return a Pi that serves the app."""
    made = product.prepared_pi(lab, release)
    lab.git.start_over("chat", version(1))
    made.write(quickstart.ANSWERS, ANSWERS.format(host=quickstart.HOST, repo=lab.git.url("chat")))
    quickstart.apply(made, "--answers", quickstart.ANSWERS)
    made.run(("cp", "--archive", "/srv/myflask/current/venv", "/root/clients"))
    made.run(("sh", "-c", f"echo 127.0.0.1 {quickstart.HOST} >> /etc/hosts"))
    yield made
    made.discard()


def test_app_of_a_script_is_served_by_one_worker(pi: Pi) -> None:
    assert pi.http("/", host=quickstart.HOST).text == "0 lines in version 1"
    unit = pi.read("/etc/systemd/system/myflask.service")
    assert "--workers=1 " in unit
    assert f"--worker-class={GTHREAD} " in unit


def test_app_sees_the_address_of_each_visitor(pi: Pi) -> None:
    port = f"{quickstart.HOST}:8080"
    at_home = json.loads(pi.http("/visitor", host=quickstart.HOST, headers={"X-Forwarded-For": "6.6.6.6"}).text)
    assert at_home == {"address": LAPTOP, "root": f"http://{quickstart.HOST}/"}
    assert json.loads(pi.http("/visitor", host=port).text)["root"] == f"http://{port}/"
    seen = pi.run((CLIENTS, "-c", f"import requests; print(requests.get('http://{quickstart.HOST}/visitor').text)"))
    assert json.loads(seen.output)["address"] == "127.0.0.1"


def test_messages_reach_everyone_over_websockets_and_polling(pi: Pi) -> None:
    transports, heard, statuses = json.loads(pi.run((CLIENTS, "-c", live_clients.CHAT, quickstart.HOST)).output)
    assert transports == ["websocket", "polling"] * 3
    assert heard == [[f"hello from {number}" for number in range(6)]] * 6
    assert set(statuses) == {101, 200}


def test_pages_are_answered_beside_many_camera_streams(pi: Pi) -> None:
    found = json.loads(pi.run((CLIENTS, "-c", live_clients.STREAMS, quickstart.HOST, str(MANY_STREAMS))).output)
    log.info("seconds of / alone %s, beside %s streams %s", found["alone"], MANY_STREAMS, found["beside"])
    assert found["statuses"] == [200] * MANY_STREAMS
    assert found["flowing"] == MANY_STREAMS
    assert found["beside"]["slowest"] < LONGEST_WAIT_SECONDS


def test_session_that_starts_while_the_worker_stops_continues(pi: Pi) -> None:
    with follow(pi, live_clients.LATE) as late:
        pi.run(("systemctl", "restart", "myflask.service"))
    assert set(json.loads(late[-1])) == {101, 200}


def test_deploy_moves_open_websockets_without_an_error(lab: Lab, pi: Pi) -> None:
    with follow(pi, live_clients.CROWD, str(MANY_SOCKETS)) as lines:
        lab.git.commit("chat", version(2))
        pi.run(("piwizard", "deploy"))
    found: dict[str, Any] = json.loads(lines[-1])
    log.info("WebSockets were closed for %.1f s at most, a page took %.1f s", found["away"], found["slowest"])
    assert found["versions"] == [[1, 2]] * MANY_SOCKETS
    assert set(found["statuses"]) == {101, 200}
    assert found["failures"] == []
    assert pi.http("/", host=quickstart.HOST).text == "0 lines in version 2"


@contextmanager
def follow(pi: Pi, program: str, *arguments: str) -> Iterator[list[str]]:
    """Run clients until they end by themselves, from when they are open; yield the lines that they print."""
    lines: list[str] = []
    opened = threading.Event()

    def note(_stream: str, line: str) -> None:
        lines.append(line)
        opened.set()

    clients = pi.start((CLIENTS, "-c", program, quickstart.HOST, *arguments), on_line=note)
    assert opened.wait(300)
    assert lines[0].strip() == "open", lines
    yield lines
    assert clients.wait().ok, lines
