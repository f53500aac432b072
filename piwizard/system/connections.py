"""Connect to hosts and Unix sockets within a deadline."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


class Deadline:
    """A point in time after which nothing waits any longer."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the remaining seconds. Raise TimeoutError if there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left

    def shorten(self, seconds: float) -> None:
        """Limit the remaining time to `seconds` from now."""
        self._until = min(self._until, time.monotonic() + seconds)


Connect = Callable[[Deadline], socket.socket]
"""Makes a connection within the remaining time. Raises OSError."""


def unix(path: str) -> Connect:
    """Connect to a Unix socket."""

    def connect(deadline: Deadline) -> socket.socket:
        return _connected(socket.AF_UNIX, path, deadline.left())

    return connect


def tcp(host: str, port: int, *, family: int = 0, tls: ssl.SSLContext | None = None, name: str = "") -> Connect:
    """Connect to a host over any address family, or over one.

    With `tls`, the certificate must be for `name`, or else for `host`.
    """

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


def _look_up(host: str, port: int, family: int, deadline: Deadline) -> list[tuple[int, Any]]:
    """Return families and addresses. A thread asks, because the C library has no time limit over TCP."""

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, socket.AddressFamily(family), socket.SOCK_STREAM)
            found.put([(row[0], row[4]) for row in rows])
        except OSError as error:
            found.put(error)
        except UnicodeError:
            found.put(socket.gaierror(socket.EAI_NONAME, f"{host} is not a host name"))

    found: queue.SimpleQueue[list[tuple[int, Any]] | OSError] = queue.SimpleQueue()
    if _is_address(host):
        ask()
    else:
        threading.Thread(target=ask, daemon=True).start()
    try:
        answer = found.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError(f"no DNS answer for {host} in time") from None
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
    """Connect to the first address that accepts; a silent one leaves time for the others."""
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
