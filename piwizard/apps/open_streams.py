"""Count the streams that an app has open, and end them when its worker stops.

Loaded by gunicorn_config.py in a worker, in the app's Python: it needs only the standard library.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from contextlib import suppress

Body = Iterable[bytes]
UNBUFFERED = "X-Accel-Buffering"
"""With "no", nginx passes on each piece of the response at once."""
FREE_SHARE = 4
"""One thread in this many never serves a stream, so that pages are answered while streams are open."""
NO_BODY = ("1", "204", "304")
ENDLESS_TYPES = ("multipart/x-mixed-replace", "text/event-stream")
"""Camera streams and Server-Sent Events: browsers open them again. Any other stream may be a file: it must be whole."""


class StreamSlots:
    """Counts the streams that are open in this process, and ends them when it stops.

    `most` None: there is no limit.
    """

    def __init__(self, most: int | None) -> None:
        self._left, self._lock = most, threading.RLock()  # gevent's one thread may stop within it
        self._websockets: set[socket.socket] = set()
        self.ended = False
        """Whether the process stops: streams end with their current piece."""

    def end(self) -> None:
        """End the streams. The app reads the end of each WebSocket, and can still write."""
        with self._lock:
            self.ended = True
            for connection in self._websockets:
                end_reading(connection)
            self._websockets.clear()

    def add_websocket(self, connection: socket.socket) -> None:
        """Note the connection of a WebSocket while it is open."""
        with self._lock:
            if self.ended:
                end_reading(connection)
            else:
                self._websockets.add(connection)

    def remove_websocket(self, connection: socket.socket) -> None:
        """Forget the connection of a WebSocket before gunicorn closes it."""
        with self._lock:
            self._websockets.discard(connection)

    def take(self) -> bool:
        """Take a slot; return False if none is left."""
        with self._lock:
            if self._left is None:
                return True
            if self._left <= 0:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        """Make a slot free again."""
        with self._lock:
            if self._left is not None:
                self._left += 1


class OpenStream:
    """The body of a stream.

    Its slot is free again when it ends or the visitor leaves. An `endless` one ends when the process stops.
    """

    def __init__(self, body: Body, slots: StreamSlots, *, endless: bool) -> None:
        self._body, self._pieces, self._slots, self._open = body, iter(body), slots, True
        self._endless = endless

    def __iter__(self) -> OpenStream:
        return self

    def __next__(self) -> bytes:
        if self._endless and self._slots.ended:
            raise StopIteration
        return next(self._pieces)

    def close(self) -> None:
        """Close the app's own body."""
        if self._open:
            self._open = False
            self._slots.give_back()
            close_body(self._body)


def is_stream(status: str, names: list[str]) -> bool:
    """Return whether a response has a body of unknown length."""
    return not status.startswith(NO_BODY) and "content-length" not in [name.lower() for name in names]


def is_endless(headers: list[tuple[str, str]]) -> bool:
    """Return whether a stream has no end of its own, by its type."""
    return any(name.lower() == "content-type" and value.lower().startswith(ENDLESS_TYPES) for name, value in headers)


def end_reading(connection: socket.socket) -> None:
    """Let the reader of a connection find its end."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


def with_unbuffered(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a stream; an app's own word to nginx stays."""
    said = any(name.lower() == UNBUFFERED.lower() for name, _ in headers)
    return headers if said else [*headers, (UNBUFFERED, "no")]


def close_body(body: Body) -> None:
    """Close a body that the app returned, as WSGI requires."""
    close = getattr(body, "close", None)
    if close:
        close()


def slots_for(threads: int) -> int:
    """Return how many of a worker's threads may serve streams."""
    return max(1, threads - max(1, threads // FREE_SHARE))
