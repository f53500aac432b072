"""Know the connections that nginx keeps open, when the worker stops.

Loaded by gunicorn_config.py in a worker, in the app's Python: it needs only the standard library.

A worker that stops accepts no connections, but for seconds it serves requests on those that nginx keeps open. A session
of Socket.IO that starts then ends at once: the next process refuses its second request with status 400. And gevent's
worker waits until nginx closes them all, or for gunicorn's time limit, while visitors wait for the next process.
"""

from __future__ import annotations

import _socket
import errno
import os
import threading
import time
import weakref
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

VERSION, SESSION = "EIO", "sid"
"""Parameters of Engine.IO, the protocol below Socket.IO. Only the first request of a session has no session ID."""


LINGER_SECONDS = 1.0
"""How long an idle connection stays open: nginx may be sending a request on it, which it sends again only if a GET."""


class KeptConnections:
    """The connections that have sent a request to this process."""

    def __init__(self) -> None:
        self._idle: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._ended_at: float | None = None

    def begin_request(self, connection: object) -> bool:
        """Note a request on a connection; return whether it has sent one before."""
        with self._lock:
            kept = connection in self._idle
            self._idle[connection] = False
            return kept

    def end_request(self, connection: object) -> None:
        """Note that the response is complete."""
        with self._lock:
            if connection in self._idle:
                self._idle[connection] = True

    def end(self) -> None:
        """Note that the process stops. It may be called within any other call."""
        self._ended_at = time.monotonic()

    def end_idle(self) -> None:
        """End those without a request, if the process has been stopping for a while."""
        if self._ended_at is None or time.monotonic() < self._ended_at + LINGER_SECONDS:
            return
        with self._lock:
            for connection in [one for one, idle in self._idle.items() if idle]:
                _end_reading(connection)


def starts_session(environ: dict[str, Any]) -> bool:
    """Return whether a request asks for a new session of Socket.IO."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return environ.get("REQUEST_METHOD") == "GET" and VERSION in query and SESSION not in query


def _end_reading(connection: Any) -> None:  # noqa: ANN401 — a socket, also of gevent
    """Let gunicorn read the end. The shutdown of gevent's sockets would raise an error there, with a traceback."""
    with suppress(OSError):
        plain = _socket.socket(fileno=os.dup(connection.fileno()))
        try:
            plain.shutdown(_socket.SHUT_RD)
        finally:
            plain.close()


def hand_back() -> ConnectionResetError:
    """Return the error with which gunicorn closes a connection without a response.

    nginx then sends a GET again on a new connection, where the next process accepts it, if the closed one was kept.
    """
    return ConnectionResetError(errno.ECONNRESET, "The worker stops: the next one starts this session.")
