"""The address that the Internet sees this home at, asked of well-known services."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from piwizard.system import http_client
from piwizard.system.http_client import Limits, MalformedResponse

Version = Literal[4, 6]
SERVICES: dict[Version, tuple[str, ...]] = {
    4: ("https://api.ipify.org/", "https://icanhazip.com/", "https://checkip.amazonaws.com/"),
    6: ("https://api6.ipify.org/", "https://icanhazip.com/", "https://ifconfig.co/ip"),
}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
LONGEST = 100
"""Bytes of an answer: an address needs fewer, and a page of a hotel's network more."""


@dataclass(frozen=True)
class Outside:
    """The address, or None and a sentence that says why it is not known."""

    address: str | None
    reason: str = ""


def ask(version: Version = 4, services: Sequence[str] | None = None, *, seconds: float = 4.0) -> Outside:
    """The outside address of this version of IP: what the first service that answers sensibly says."""
    if version == 6 and not _has_ipv6():
        return Outside(None, "This machine has no IPv6 address of the Internet.")
    refusals = []
    for service in services or SERVICES[version]:
        try:
            return Outside(_validated(_get(service, version, seconds), version))
        except (OSError, ValueError) as error:
            refusals.append(f"{urlsplit(service).hostname}: {_words(error)}")
    return Outside(None, f"Nobody could tell the outside address ({'; '.join(refusals)}).")


def _has_ipv6() -> bool:
    """Whether there is a way out by IPv6 at all; sends nothing."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("2606:4700:4700::1111", 53))
            own = ipaddress.ip_address(probe.getsockname()[0])
    except OSError:
        return False
    return own.is_global


def _get(service: str, version: Version, seconds: float) -> str:
    import ssl

    parts = urlsplit(service)
    host, secure = parts.hostname or "", parts.scheme == "https"
    connect = http_client.tcp(
        host,
        parts.port or (443 if secure else 80),
        family=FAMILY[version],
        tls=ssl.create_default_context() if secure else None,
    )
    sent = {"User-Agent": "curl/8", "Accept": "text/plain"}
    try:
        answer = http_client.request(
            connect, parts.path or "/", host=parts.netloc, headers=sent, limits=Limits(seconds, LONGEST)
        )
    except MalformedResponse as error:
        raise ValueError("answered with something that is not HTTP") from error
    if answer.status != 200:
        raise ValueError(f"answered {answer.status}")
    return answer.body.decode("ascii")


def _validated(text: str, version: Version) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise ValueError("answered with something that is no address") from None
    if address.version != version:
        raise ValueError(f"answered with an address that is not IPv{version}")
    if not address.is_global:
        raise ValueError(f"answered {address}, which is no address of the Internet")
    return str(address)


def _words(error: Exception) -> str:
    import ssl

    match error:
        case ssl.SSLCertVerificationError():
            return "its certificate is not right"
        case TimeoutError():
            return "did not answer in time"
        case socket.gaierror():
            return "its name is not found"
        case UnicodeDecodeError():
            return "answered with something that is no address"
        case OSError():
            return "cannot be reached"
    return str(error)
