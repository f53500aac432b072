"""Send HTTP requests to untrusted servers, with limits on time and size.

All HTTP requests of piwizard use this module. It follows no redirects and decompresses nothing.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from piwizard.system.connections import Connect, Deadline
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from http.client import HTTPResponse

CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class Limits:
    """The limits for an answer.

    `seconds` is for everything together, from the DNS lookup to the body.

    A body is cut off after `body` bytes; headers of more than `head` bytes are refused. With `body_seconds` the
    beginning of a body is enough: reading stops after that time.
    """

    seconds: float = 10.0
    body: int = CHUNK_BYTES
    head: int = 32_768
    body_seconds: float | None = None


@dataclass(frozen=True)
class HttpResponse:
    """The answer of a web server, with header names in lowercase.

    `whole`: the body is complete.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class MalformedResponse(Exception):
    """The answer is not HTTP, has too many headers, or is incomplete."""


def request(
    connect: Connect,
    path: str,
    *,
    host: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    limits: Limits | None = None,
) -> HttpResponse:
    """Send one request.

    Raise OSError if there is no answer, MalformedResponse if the answer is not HTTP.
    """
    import http.client  # plans send no requests, and importing it is slow

    bounds = limits or Limits()
    deadline = Deadline(bounds.seconds)
    connection = connect(deadline)
    try:
        stream = _Bounded(connection, deadline, bounds.head)
        asking = http.client.HTTPConnection("localhost")  # the Host header names the server
        asking.sock = _Wire(connection, deadline, stream)
        try:
            asking.request(method, path, body=body, headers={"Host": host, "Connection": "close"} | dict(headers or {}))
            response = asking.getresponse()
            stream.allowed = stream.received + 8 * bounds.body + CHUNK_BYTES  # a chunk of one byte takes six
            if bounds.body_seconds is not None:
                deadline.shorten(bounds.body_seconds)
            content, whole = _body(response, bounds.body, patient=bounds.body_seconds is None)
        except http.client.RemoteDisconnected:
            raise
        except (http.client.HTTPException, _TooMuch, ValueError) as error:
            raise MalformedResponse(str(error) or type(error).__name__) from error
        return HttpResponse(
            response.status, {key.lower(): value for key, value in response.getheaders()}, content, whole
        )
    finally:
        connection.close()


def _body(response: HTTPResponse, most: int, *, patient: bool) -> tuple[bytes, bool]:
    """Read up to `most` bytes. If not `patient`, return what has arrived when the time is over."""
    content, expected = bytearray(), None if response.chunked else response.length
    while len(content) <= most:
        if expected is not None and len(content) >= expected:
            return bytes(content[:most]), len(content) <= most
        room = most + 1 - len(content)
        try:
            piece = response.read1(min(CHUNK_BYTES, room if expected is None else min(room, expected - len(content))))
        except _TooMuch:
            break
        except TimeoutError:
            if patient:
                raise
            break
        if not piece:
            if expected is not None:
                raise ValueError(f"the answer ended after {len(content)} of {expected} bytes")
            return bytes(content), True
        content += piece
    return bytes(content[:most]), False


class _TooMuch(Exception):
    """The server sent more than the limit."""


class _Bounded(io.RawIOBase):
    """A stream that is limited to `allowed` bytes and to a deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline, allowed: int) -> None:
        super().__init__()
        self._connection, self._deadline = connection, deadline
        self.allowed, self.received = allowed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 — a buffer
        room = self.allowed - self.received
        if room <= 0:
            raise _TooMuch(f"more than {self.allowed} bytes arrived")
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(memoryview(buffer)[: min(room, len(buffer))])
        self.received += count
        return count


@dataclass
class _Wire:
    """The part of a socket that http.client uses. The caller closes the connection."""

    connection: socket.socket
    deadline: Deadline
    incoming: _Bounded

    def makefile(self, *_: object) -> io.BufferedReader:
        """Return the stream to read from."""
        return io.BufferedReader(self.incoming, 8192)

    def sendall(self, data: Any) -> None:  # noqa: ANN401 — bytes, or a buffer of them
        """Send all data."""
        self.connection.settimeout(self.deadline.left())
        self.connection.sendall(data)

    def close(self) -> None:
        """Do nothing: http.client closes before it reads the body."""
