"""How far the outside address is from here: in the router, or behind it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from piwizard.system import commands

FAR = "1.1.1.1"
"""Never reached: only the second machine on the way to it is asked for."""
SENDER = re.compile(r"^From ([\d.]+)", re.M)
CARRIERS = ipaddress.ip_network("100.64.0.0/10")


@dataclass(frozen=True)
class NatPath:
    """`outside_at`: how many hops away the outside address answers, None: nowhere near. `second`: who comes behind
    the router, None: that does not show."""

    outside_at: int | None = None
    second: str | None = None


def look(outside: str | None) -> NatPath:
    """Sends a few packets that the first or second machine on the way has to answer. Three seconds at most."""
    at = next((hops for hops in (1, 2) if outside and _ping(outside, hops)[0]), None)
    return NatPath(at, None if at == 1 else _ping(FAR, 2)[1])


def _ping(address: str, hops: int) -> tuple[bool, str | None]:
    """Whether the address itself answered, and else who said that it is further away."""
    if commands.which("ping") is None:
        return False, None
    result = commands.run(("ping", "-n", "-c", "1", "-W", "1", "-t", str(hops), address), timeout=5)
    return result.ok, sender(result.output)


def sender(output: str) -> str | None:
    """Who answered instead of the address, from what ping printed."""
    found = SENDER.search(output)
    return found[1] if found else None


def of_carrier(address: str | None) -> bool:
    """Whether the address is from the range that providers keep for CGNAT."""
    return address is not None and ipaddress.ip_address(address) in CARRIERS


def of_a_home(address: str | None) -> bool:
    """Whether the address is of a private network."""
    return address is not None and ipaddress.ip_address(address).is_private and not of_carrier(address)
