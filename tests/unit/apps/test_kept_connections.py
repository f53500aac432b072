"""Test that a stopping worker starts no session of Socket.IO on a connection that nginx keeps."""

from __future__ import annotations

import errno
import runpy
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from piwizard.apps import gunicorn_config, kept_connections
from piwizard.apps.kept_connections import KeptConnections
from piwizard.apps.open_streams import StreamSlots
from piwizard.apps.visited_wsgi import VisitedWsgiApp

HANDSHAKE = "EIO=4&transport=polling&t=abc"


class Worker:
    """A worker with one connection of nginx, which answers "page"."""

    def __init__(self, connection: socket.socket) -> None:
        self.slots, self._connection = StreamSlots(2), connection
        self._app = VisitedWsgiApp(self._answer, self.slots, KeptConnections())

    def get(self, query: str = "", method: str = "GET", **more: str) -> bytes:
        environ = {"REQUEST_METHOD": method, "QUERY_STRING": query, "gunicorn.socket": self._connection, **more}
        return b"".join(self._app(environ, lambda *given: None))

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        return [b"page"]


@pytest.fixture
def worker() -> Worker:
    ours, _ = socket.socketpair()
    return Worker(ours)


@pytest.mark.parametrize("upgrade", ["", "websocket"])
def test_session_is_left_to_the_next_process(worker: Worker, upgrade: str) -> None:
    assert worker.get() == b"page"
    assert worker.get(HANDSHAKE, HTTP_UPGRADE=upgrade) == b"page"
    worker.slots.end()
    with pytest.raises(ConnectionResetError) as reset:
        worker.get(HANDSHAKE, HTTP_UPGRADE=upgrade)
    assert reset.value.errno == errno.ECONNRESET  # gunicorn closes the connection without a response


def test_new_connection_is_answered_as_nginx_would_not_retry(worker: Worker) -> None:
    worker.slots.end()
    assert worker.get(HANDSHAKE) == b"page"


@pytest.mark.parametrize(
    ("query", "method"), [(f"{HANDSHAKE}&sid=x", "GET"), (f"{HANDSHAKE}&sid=x", "POST"), ("", "GET"), ("page=2", "GET")]
)
def test_everything_else_is_answered_until_the_end(worker: Worker, query: str, method: str) -> None:
    assert worker.get() == b"page"
    worker.slots.end()
    assert worker.get(query, method) == b"page"


def test_idle_connections_end_after_a_while_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(kept_connections.time, "monotonic", lambda: clock[0])
    kept, pairs = KeptConnections(), [socket.socketpair() for _ in range(2)]
    (idle, of_idle), (busy, of_busy) = pairs
    for connection in (idle, busy):
        kept.begin_request(connection)
    kept.end_request(idle)
    kept.end_idle()  # nothing stops
    kept.end()
    kept.end_idle()  # nginx may be sending a request
    of_idle.sendall(b"x")
    assert idle.recv(1) == b"x"
    clock[0] += kept_connections.LINGER_SECONDS
    kept.end_idle()
    assert idle.recv(1) == b""
    of_busy.sendall(b"x")
    assert busy.recv(1) == b"x"
    kept.end_request(busy)
    kept.end_idle()
    assert busy.recv(1) == b""
    for one in (idle, of_idle, busy, of_busy):
        one.close()


def test_closed_connections_are_forgotten() -> None:
    kept = KeptConnections()
    ours, theirs = socket.socketpair()
    kept.begin_request(ours)
    kept.end_request(theirs)  # not known: gunicorn refused its request
    assert not kept.begin_request(theirs)


def test_gevent_worker_ends_idle_connections_when_it_stops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[object] = []
    (tmp_path / "gunicorn.conf.py").write_text("def post_request(worker, req):\n    worker.own(req)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept_connections, "LINGER_SECONDS", 0)
    settings = runpy.run_path(gunicorn_config.__file__)
    worker = SimpleNamespace(
        cfg=SimpleNamespace(worker_class_str="gevent", threads=1), app=SimpleNamespace(app_uri="app:app"),
        notify=lambda: calls.append("notify"), own=calls.append, handle_exit=lambda *signal: None,
        wsgi=lambda environ, start_response: [b"page"],
    )  # fmt: skip
    settings["post_fork"](None, worker)
    settings["post_worker_init"](worker)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"gunicorn.socket": ours}
        worker.wsgi(environ, lambda *given: None)
        settings["post_request"](worker, "request", environ, "response")
        worker.handle_exit(15, None)
        worker.notify()
        assert ours.recv(1) == b""
    assert calls == ["request", "notify"]
