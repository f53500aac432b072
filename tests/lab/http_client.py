"""Send HTTP requests over the lab's network from the test's own process."""

from __future__ import annotations

import ctypes
import http.client
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

CLONE_NEWNET = 0x40000000
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By their names in lowercase."""
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def at(namespace: Path, do: Callable[[], T]) -> T:
    """Run a function in a network namespace.

    It runs in a thread of its own, since a socket stays in the namespace that created it.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        entered = os.open(namespace, os.O_RDONLY)
        try:
            if libc.setns(entered, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            done.append(do())
        except BaseException as error:  # noqa: BLE001 — raised again in the caller's thread
            failed.append(error)
        finally:
            os.close(entered)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def get(
    namespace: Path,
    address: str,
    path: str,
    *,
    host: str | None = None,
    port: int = 80,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    timeout: float = 10.0,
    tls: ssl.SSLContext | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send one HTTP request as given: no redirect followed, the path unchanged."""

    def ask() -> Answer:
        connection = http.client.HTTPConnection(address, port, timeout=timeout)
        connection.connect()
        if tls is not None:
            connection.sock = tls.wrap_socket(connection.sock, server_hostname=host or address)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            size = {} if body is None else {"Content-Length": str(len(body))}
            for name, value in {"Host": host or address, "Connection": "close", **size, **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    return at(namespace, ask)


def listening(namespace: Path, address: str, port: int) -> bool:
    """Return whether a server accepts connections there."""
    import socket

    def knock() -> bool:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            return False
        return True

    return at(namespace, knock)
