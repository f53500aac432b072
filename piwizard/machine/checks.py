"""Live looks at whether something is really there and works, and what they found."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import ssl

Seen = TypeVar("Seen")
TIMEOUT = 10.0
"""Seconds that an answer may take."""


@dataclass(frozen=True)
class Check:
    """What a look found. `cause` and `mend` are for a person where it is not as it should be.

    `beyond`: what was looked at is not this machine's, such as the router or a name's servers: nothing that is done
    here alters it.
    """

    name: str
    ok: bool
    detail: str
    cause: str = ""
    mend: str = ""
    beyond: bool = False


@dataclass(frozen=True)
class Answer:
    """What a web server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(
    path: str,
    *,
    host: str,
    unix: str | None = None,
    secure: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Answer | None:
    """GET of `path` from this machine's port 80, its 443 (`secure`), or a Unix socket; None where nobody answers
    in time. What the certificate says is not looked at."""
    import http.client  # plans ask nobody, and this takes longer to import than a command to run

    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=TIMEOUT)
    try:
        if secure:
            connection.sock = handshake(host)
        if unix:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(TIMEOUT)
            connection.sock.connect(unix)
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "http"} | dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def handshake(host: str, address: str = "127.0.0.1", port: int = 443) -> ssl.SSLSocket:
    """A TLS connection to the server of that name, whatever its certificate says. Raises OSError."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection((address, port), timeout=TIMEOUT)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def settled(look: Callable[[], Seen], right: Callable[[Seen], bool], seconds: float = 5.0) -> Seen:
    """What a look sees once it is right, or at the end of that time: a reload returns before old workers have gone."""
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if right(seen) or time.monotonic() > until:
            return seen
        time.sleep(0.05)
