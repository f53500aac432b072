"""Test that a stopping worker starts no session of Socket.IO on a connection that nginx keeps."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

from piwizard.apps.open_streams import StreamSlots
from piwizard.apps.visited_wsgi import VisitedWsgiApp

HANDSHAKE = "EIO=4&transport=polling&t=abc"


class Worker:
    """A worker with one connection of nginx, which answers "page"."""

    def __init__(self, connection: socket.socket) -> None:
        self.slots, self._connection = StreamSlots(2), connection
        self._app = VisitedWsgiApp(self._answer, self.slots)

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
