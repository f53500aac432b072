"""Check that an address that is not ours forwards a host's requests to this Pi."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterable

from piwizard.nginx.challenge_file import published_challenge
from piwizard.system import connections, http_client
from piwizard.system.http_client import Limits, MalformedResponse

PROBE = "piwizard-proxy-probe"
LIMITS = Limits(seconds=8.0, body=1024)
MAX_ADDRESSES = 2
"""Addresses to ask: a proxy or a VPN does the same at each of its addresses."""


def forwards_here(host: str, addresses: Iterable[str]) -> bool:
    """Return whether requests to these addresses arrive at this Pi.

    A proxy such as Cloudflare, or the end of a VPN, has the address that the host points to.
    """
    content = secrets.token_hex(16)
    try:
        with published_challenge(PROBE, content) as path:
            return any(_answers(host, address, path, content) for address in [*addresses][:MAX_ADDRESSES])
    except OSError:  # not root, or a read-only disk
        return False


def _answers(host: str, address: str, path: str, content: str) -> bool:
    return any(_body(host, address, path, tls=tls) == content.encode() for tls in (None, _any_certificate()))


def _body(host: str, address: str, path: str, *, tls: ssl.SSLContext | None) -> bytes:
    """Return the body of the answer; nothing if there is none. A proxy may redirect HTTP to its own HTTPS."""
    connect = connections.tcp(address, 443 if tls else 80, tls=tls, name=host)
    try:
        answer = http_client.request(connect, path, host=host, limits=LIMITS)
    except (OSError, MalformedResponse):
        return b""
    return answer.body if answer.status == 200 else b""


def _any_certificate() -> ssl.SSLContext:
    """Return a context that takes any certificate: only the content proves anything here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
