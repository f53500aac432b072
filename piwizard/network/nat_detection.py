"""Find out whether the router has the public IP, or another NAT device behind it."""

from __future__ import annotations

import ipaddress
import re

from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass

PROBE_TARGET = "1.1.1.1"
"""The packets never reach it: only the second hop on the way there matters."""
SENDER = re.compile(r"^From ([\d.]+)", re.M)
CGNAT_RANGE = ipaddress.ip_network("100.64.0.0/10")


@dataclass(frozen=True)
class NatPath:
    """The NAT devices between this machine and the Internet.

    `outside_at`: the number of hops to the public IP; None if it is not nearby. `second`: the hop behind the router;
    None if unknown.
    """

    outside_at: int | None = None
    second: str | None = None


def detect_nat(outside: str | None) -> NatPath:
    """Send a few packets that the first or second hop has to answer.

    Takes at most three seconds.
    """
    at = next((hops for hops in (1, 2) if outside and _ping(outside, hops)[0]), None)
    return NatPath(at, None if at == 1 else _ping(PROBE_TARGET, 2)[1])


def _ping(address: str, hops: int) -> tuple[bool, str | None]:
    """Return whether the address itself answered, or else which hop reported that it is further away."""
    if commands.which("ping") is None:
        return False, None
    result = commands.run(("ping", "-n", "-c", "1", "-W", "1", "-t", str(hops), address), timeout=5)
    return result.ok, parse_sender(result.output)


def parse_sender(output: str) -> str | None:
    """Return the machine that answered instead of the address, from ping's output."""
    found = SENDER.search(output)
    return found[1] if found else None


def is_cgnat(address: str | None) -> bool:
    """Return whether the address is from the range that is reserved for CGNAT."""
    return address is not None and ipaddress.ip_address(address) in CGNAT_RANGE


def is_private(address: str | None) -> bool:
    """Return whether the address is private."""
    return address is not None and ipaddress.ip_address(address).is_private and not is_cgnat(address)
