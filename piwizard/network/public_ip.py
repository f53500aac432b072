"""Find the public IP of this home, as well-known services report it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from piwizard.system import connections, http_client
from piwizard.system.http_client import Limits, MalformedResponse
from piwizard.system.lazy_dataclass import dataclass

IpVersion = Literal[4, 6]
SERVICES: dict[IpVersion, tuple[str, ...]] = {
    4: ("https://api.ipify.org/", "https://icanhazip.com/", "https://checkip.amazonaws.com/"),
    6: ("https://api6.ipify.org/", "https://icanhazip.com/", "https://ifconfig.co/ip"),
}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
MAX_ANSWER_BYTES = 100
"""An address is shorter; a hotel's login page is longer."""


@dataclass(frozen=True)
class PublicIp:
    """The address; or None, and a sentence with the reason."""

    address: str | None
    reason: str = ""


def find_public_ip(version: IpVersion = 4, services: Sequence[str] | None = None, *, seconds: float = 4.0) -> PublicIp:
    """Return the public IP of this version.

    The first service with a valid answer decides.
    """
    if version == 6 and not _has_ipv6():
        return PublicIp(None, "This machine has no public IPv6 address.")
    refusals = []
    for service in services or SERVICES[version]:
        try:
            return PublicIp(_validated(_get(service, version, seconds), version))
        except (OSError, ValueError) as error:
            refusals.append(f"{urlsplit(service).hostname}: {_describe(error)}")
    return PublicIp(None, f"No service reported the public IP ({'; '.join(refusals)}).")


def _has_ipv6() -> bool:
    """Return whether there is a route to the Internet over IPv6. Send nothing."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("2606:4700:4700::1111", 53))
            own = ipaddress.ip_address(probe.getsockname()[0])
    except OSError:
        return False
    return own.is_global


def _get(service: str, version: IpVersion, seconds: float) -> str:
    import ssl

    parts = urlsplit(service)
    host, secure = parts.hostname or "", parts.scheme == "https"
    connect = connections.tcp(
        host,
        parts.port or (443 if secure else 80),
        family=FAMILY[version],
        tls=ssl.create_default_context() if secure else None,
    )
    sent = {"User-Agent": "curl/8", "Accept": "text/plain"}
    try:
        answer = http_client.request(
            connect, parts.path or "/", host=parts.netloc, headers=sent, limits=Limits(seconds, MAX_ANSWER_BYTES)
        )
    except MalformedResponse as error:
        raise ValueError("answered with something that is not HTTP") from error
    if answer.status != 200:
        raise ValueError(f"answered {answer.status}")
    return answer.body.decode("ascii")


def _validated(text: str, version: IpVersion) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise ValueError("answered with something that is not an address") from None
    if address.version != version:
        raise ValueError(f"answered with an address that is not IPv{version}")
    if not address.is_global:
        raise ValueError(f"answered {address}, which is not a public address")
    return str(address)


def _describe(error: Exception) -> str:
    import ssl

    match error:
        case ssl.SSLCertVerificationError():
            return "its certificate is not valid"
        case TimeoutError():
            return "did not answer in time"
        case socket.gaierror():
            return "its name does not resolve"
        case UnicodeDecodeError():
            return "answered with something that is not an address"
        case OSError():
            return "cannot be reached"
    return str(error)
