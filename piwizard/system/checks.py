"""Request pages of this machine's web server, and define the result of a check."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from piwizard.system import connections, http_client
from piwizard.system.http_client import HttpResponse, Limits, MalformedResponse
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Fix, format_fix

if TYPE_CHECKING:
    import ssl

Found = TypeVar("Found")
TIMEOUT_SECONDS = 10.0
"""The longest time in seconds to wait for an answer."""
FIRST_PAGE = Limits(seconds=TIMEOUT_SECONDS, body_seconds=2.0)
"""The status and the beginning of a page show whether the server answers; a page may be an endless stream."""
LOCALHOST = "127.0.0.1"
HTTP, HTTPS = 80, 443


@dataclass(frozen=True)
class Check:
    """The result of one check.

    `cause` and `fix` explain a failed check, and may add to one that passed.

    `id` never changes: programs identify checks by it, and by the `subject` if one check applies to several things,
    such as host names. `name` is for the user: a noun and the expectation.
    `beyond`: the check is about something outside this machine, such as the router, which nothing done here changes.
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
        """Return what to do next, as text for the user."""
        return format_fix(self.fix)


NoResponse = Literal["closed", "nobody"]
"""Why there is no HTTP answer: "closed" without an answer, or "nobody" accepted the connection in time."""


def get_page(
    path: str,
    *,
    host: str,
    unix: str | None = None,
    secure: bool = False,
    headers: Mapping[str, str] | None = None,
    limits: Limits = FIRST_PAGE,
) -> HttpResponse | None:
    """Request `path` from a web server of this machine; None if it does not answer.

    The server listens at port 80, at port 443 (`secure`) or at the socket `unix`.

    The certificate is not verified.
    """
    answer = try_page(path, host=host, unix=unix, secure=secure, headers=headers, limits=limits)
    return answer if isinstance(answer, HttpResponse) else None


def try_page(
    path: str,
    *,
    host: str,
    unix: str | None = None,
    secure: bool = False,
    headers: Mapping[str, str] | None = None,
    limits: Limits = FIRST_PAGE,
) -> HttpResponse | NoResponse:
    """Send the same request, and return why there is no answer if none comes."""
    if unix:
        connect = connections.unix(unix)
    elif secure:
        connect = connections.tcp(LOCALHOST, HTTPS, tls=_trusting(), name=host)
    else:
        connect = connections.tcp(LOCALHOST, HTTP)
    sent = {"X-Forwarded-Proto": "http"} | dict(headers or {})
    try:
        return http_client.request(connect, path, host=host, headers=sent, limits=limits)
    except ConnectionResetError:  # also raised if the server closes without an answer
        return "closed"
    except (OSError, MalformedResponse):
        return "nobody"


def tls_handshake(host: str, address: str = LOCALHOST, port: int = 443) -> ssl.SSLSocket:
    """Open a TLS connection to a server, without verifying its certificate.

    Raise OSError.
    """
    plain = socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
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


def poll_until(find: Callable[[], Found], expected: Callable[[Found], bool], seconds: float = 5.0) -> Found:
    """Return what `find` returns, as soon as it is `expected`, or after `seconds`.

    Needed after a reload of nginx, because old workers run on for a moment.
    """
    until = time.monotonic() + seconds
    while True:
        found = find()
        if expected(found) or time.monotonic() > until:
            return found
        time.sleep(0.05)
