"""Simulate slow visitors, and measure when nginx disconnects them."""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PAUSE = 0.25
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""The beginning of HTTP/2, with an empty SETTINGS frame."""
HEADERS_FRAME = b"\0\x10\0\1\5\0\0\0\1" + b"\0\1x\x7f\xa1\x1e"
"""Announces 4 kB of headers in this frame, and begins one named x, with a value of 4,000 characters."""


@dataclass
class Slow:
    """A visitor who sends `first` at once and a byte of `rest` after each pause.

    `settle` is how long to wait for the end.
    """

    connect: Callable[[], object]
    first: bytes = b""
    rest: Iterator[int] | bytes = b""
    answered: bool = False
    """Whether the first bytes are a request that is answered before the rest is sent."""
    log: list[bytes] = field(default_factory=list)

    def lasts(self, longest: float) -> float:
        """Return the seconds until nginx closed the connection, at most `longest`."""
        connection = self.connect()
        with contextlib.closing(connection):
            began, rest = time.monotonic(), iter(self.rest)
            with contextlib.suppress(OSError):
                connection.sendall(self.first)
                if self.answered:
                    self.log.append(connection.recv(65536))
                    began = time.monotonic()
                connection.setblocking(False)
                while (now := time.monotonic() - began) < longest:
                    if self._ended(connection):
                        return now
                    byte = next(rest, None)
                    if byte is not None:
                        connection.send(bytes([byte]))
                return longest
            return time.monotonic() - began

    def _ended(self, connection) -> bool:
        """Return whether the other end has closed; skip its output before."""
        until = time.monotonic() + PAUSE
        while (left := until - time.monotonic()) > 0:
            if isinstance(connection, ssl.SSLSocket) and connection.pending() == 0:
                select.select([connection], [], [], left)
            elif not select.select([connection], [], [], left)[0]:
                return False
            try:
                if not connection.recv(65536):
                    return True
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
        return False
