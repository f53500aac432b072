"""Know the connections that nginx keeps open, and the requests that belong to the next process.

Loaded by gunicorn_config.py in a worker, in the app's Python: it needs only the standard library.

A worker that stops accepts no connections, but for seconds it serves requests on those that nginx keeps open. A session
of Socket.IO that starts then ends at once: the next process refuses its second request with status 400.
"""

from __future__ import annotations

import errno
import threading
import weakref
from typing import Any
from urllib.parse import parse_qs

VERSION, SESSION = "EIO", "sid"
"""Parameters of Engine.IO, the protocol below Socket.IO. Only the first request of a session has no session ID."""


class KeptConnections:
    """The connections that have sent a request to this process."""

    def __init__(self) -> None:
        self._used: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.Lock()

    def note(self, connection: object) -> bool:
        """Note a request on a connection; return whether it has sent one before."""
        with self._lock:
            kept = connection in self._used
            self._used.add(connection)
            return kept


def starts_session(environ: dict[str, Any]) -> bool:
    """Return whether a request asks for a new session of Socket.IO."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return environ.get("REQUEST_METHOD") == "GET" and VERSION in query and SESSION not in query


def hand_back() -> ConnectionResetError:
    """Return the error with which gunicorn closes a connection without a response.

    nginx then sends a GET again on a new connection, where the next process accepts it, if the closed one was kept.
    """
    return ConnectionResetError(errno.ECONNRESET, "The worker stops: the next one starts this session.")
