"""One HTTP request to a server that may be hostile: bounded in time, in bytes and in what is followed.

Everything that piwizard asks over HTTP, it asks here. Redirects are not followed, and nothing is decompressed.
"""

from __future__ import annotations

import io
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPResponse

PIECE = 65_536


@dataclass(frozen=True)
class Limits:
    """How much of an answer is read. `seconds` counts for everything together, from the name's look-up to the body.

    A body of more than `body` bytes is cut off there; headers of more than `head` bytes are refused. With
    `body_seconds` the beginning of a body is enough: what has come by then counts.
    """

    seconds: float = 10.0
    body: int = PIECE
    head: int = 32_768
    body_seconds: float | None = None


@dataclass(frozen=True)
class HttpResponse:
    """What a web server answered, with the names of headers in lowercase. `whole`: the body ended within the limits."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class MalformedResponse(Exception):
    """What came is no HTTP answer, has too many headers, or was cut off in the middle."""


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the answer is over")
        return left

    def shorten(self, seconds: float) -> None:
        """Leave no more than so many seconds from now on."""
        self._until = min(self._until, time.monotonic() + seconds)


Connect = Callable[[Deadline], socket.socket]
"""Makes a connection within the time that is left. Raises OSError."""


def unix(path: str) -> Connect:
    """Connect to a Unix socket."""

    def connect(deadline: Deadline) -> socket.socket:
        return _connected(socket.AF_UNIX, path, deadline.left())

    return connect


def tcp(host: str, port: int, *, family: int = 0, tls: ssl.SSLContext | None = None, name: str = "") -> Connect:
    """Connect to a host, over one family of addresses or any; with `tls` to the server of this `name`, or of `host`."""

    def connect(deadline: Deadline) -> socket.socket:
        plain = _first(_look_up(host, port, family, deadline), deadline)
        if tls is None:
            return plain
        try:
            plain.settimeout(deadline.left())
            return tls.wrap_socket(plain, server_hostname=name or host)
        except BaseException:
            plain.close()
            raise

    return connect


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
    """Ask once. OSError where nobody answers (TimeoutError, RemoteDisconnected, …), Malformed where it is no HTTP."""
    import http.client  # plans ask nobody, and this takes longer to import than a command to run

    bounds = limits or Limits()
    deadline = Deadline(bounds.seconds)
    connection = connect(deadline)
    try:
        stream = _Bounded(connection, deadline, bounds.head)
        asking = http.client.HTTPConnection("localhost")  # the header Host says whose server it is
        asking.sock = _Wire(connection, deadline, stream)
        try:
            asking.request(method, path, body=body, headers={"Host": host, "Connection": "close"} | dict(headers or {}))
            response = asking.getresponse()
            stream.allowed = stream.received + 8 * bounds.body + PIECE  # chunks of one byte take six
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
    """Read up to `most` bytes. Where the beginning is enough, so is what has come when the time is over."""
    content, expected = bytearray(), None if response.chunked else response.length
    while len(content) <= most:
        if expected is not None and len(content) >= expected:
            return bytes(content[:most]), len(content) <= most
        room = most + 1 - len(content)
        try:
            piece = response.read1(min(PIECE, room if expected is None else min(room, expected - len(content))))
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
    """More came than is read."""


class _Bounded(io.RawIOBase):
    """What comes in: no more than `allowed` bytes, and none is waited for too long."""

    def __init__(self, connection: socket.socket, deadline: Deadline, allowed: int) -> None:
        super().__init__()
        self._connection, self._deadline = connection, deadline
        self.allowed, self.received = allowed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 — a buffer
        room = self.allowed - self.received
        if room <= 0:
            raise _TooMuch(f"more than {self.allowed} bytes came")
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(memoryview(buffer)[: min(room, len(buffer))])
        self.received += count
        return count


@dataclass
class _Wire:
    """What http.client needs of a socket. Whoever made the connection closes it."""

    connection: socket.socket
    deadline: Deadline
    incoming: _Bounded

    def makefile(self, *_: object) -> io.BufferedReader:
        """Return what is read from."""
        return io.BufferedReader(self.incoming, 8192)

    def sendall(self, data: Any) -> None:  # noqa: ANN401 — bytes, or a buffer of them
        """Send all of it."""
        self.connection.settimeout(self.deadline.left())
        self.connection.sendall(data)

    def close(self) -> None:
        """Do nothing: http.client closes before it has read the body."""


def _look_up(host: str, port: int, family: int, deadline: Deadline) -> list[tuple[int, Any]]:
    """Return families and addresses. In a thread, since the C library has no time limit of its own over TCP."""

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, socket.AddressFamily(family), socket.SOCK_STREAM)
            found.put([(row[0], row[4]) for row in rows])
        except OSError as error:
            found.put(error)
        except UnicodeError:
            found.put(socket.gaierror(socket.EAI_NONAME, f"{host} is no host name"))

    found: queue.SimpleQueue[list[tuple[int, Any]] | OSError] = queue.SimpleQueue()
    if _is_address(host):
        ask()
    else:
        threading.Thread(target=ask, daemon=True).start()
    try:
        answer = found.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError(f"{host} was not looked up in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _first(addresses: list[tuple[int, Any]], deadline: Deadline) -> socket.socket:
    """Connect to the first address that takes it; one that is silent leaves time for those after it."""
    failed: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for number, (family, address) in enumerate(addresses):
        try:
            return _connected(family, address, deadline.left() / (len(addresses) - number))
        except OSError as error:
            failed = error
    raise failed


def _connected(family: int, address: Any, seconds: float) -> socket.socket:  # noqa: ANN401 — as its family has it
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
