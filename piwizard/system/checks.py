"""Checks of what is really there and works, and their results."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from piwizard.system import http_client
from piwizard.system.http_client import HttpResponse, Limits, MalformedResponse
from piwizard.system.remedies import Fix, sentence

if TYPE_CHECKING:
    import ssl

Seen = TypeVar("Seen")
TIMEOUT = 10.0
"""Seconds that an answer may take."""
FIRST_PAGE = Limits(seconds=TIMEOUT, body_seconds=2.0)
"""Whether somebody answers shows in the status and the beginning of a page, which may be a stream without an end."""
HERE = "127.0.0.1"
HTTP, HTTPS = 80, 443


@dataclass(frozen=True)
class Check:
    """The result of one check. `cause` and `fix` explain a failed one, and may add to one that passed.

    `id` never changes: programs tell checks apart by it, and by the `subject` where one check is made of several
    things, such as host names. `name` is what a person reads: a noun and what is expected of it.
    `beyond`: what was checked is not this machine's, such as the router or a name server: nothing done here alters it.
    """

    id: str
    name: str
    ok: bool
    detail: str
    cause: str = ""
    fix: Fix = ()
    beyond: bool = False
    subject: str = ""

    @property
    def advice(self) -> str:
        """Return what to do next, as text for a person."""
        return sentence(self.fix)


Silence = Literal["closed", "nobody"]
"""Why no HTTP answer came: the connection was taken and closed without one, or nobody took it, or not in time."""


def get(
    path: str,
    *,
    host: str,
    unix: str | None = None,
    secure: bool = False,
    headers: Mapping[str, str] | None = None,
    limits: Limits = FIRST_PAGE,
) -> HttpResponse | None:
    """GET of `path` from this machine's port 80, its 443 (`secure`), or a Unix socket; None where nobody answers
    in time. What the certificate says is not looked at."""
    answer = ask(path, host=host, unix=unix, secure=secure, headers=headers, limits=limits)
    return answer if isinstance(answer, HttpResponse) else None


def ask(
    path: str,
    *,
    host: str,
    unix: str | None = None,
    secure: bool = False,
    headers: Mapping[str, str] | None = None,
    limits: Limits = FIRST_PAGE,
) -> HttpResponse | Silence:
    """Send the same request; where no answer comes, return how it failed."""
    if unix:
        connect = http_client.unix(unix)
    elif secure:
        connect = http_client.tcp(HERE, HTTPS, tls=_trusting(), name=host)
    else:
        connect = http_client.tcp(HERE, HTTP)
    sent = {"X-Forwarded-Proto": "http"} | dict(headers or {})
    try:
        return http_client.request(connect, path, host=host, headers=sent, limits=limits)
    except ConnectionResetError:  # also of an end without a word
        return "closed"
    except (OSError, MalformedResponse):
        return "nobody"


def handshake(host: str, address: str = HERE, port: int = 443) -> ssl.SSLSocket:
    """Open a TLS connection to the server of that name, whatever its certificate. Raises OSError."""
    plain = socket.create_connection((address, port), timeout=TIMEOUT)
    try:
        return _trusting().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _trusting() -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def settled(look: Callable[[], Seen], right: Callable[[Seen], bool], seconds: float = 5.0) -> Seen:
    """Return what a look sees once it is right, or after that time: a reload returns before old workers are gone."""
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if right(seen) or time.monotonic() > until:
            return seen
        time.sleep(0.05)
