"""Find out how visitors could get in: the public IP, and what the router does."""

from __future__ import annotations

from piwizard.network import port_forwarding, public_ip
from piwizard.system.facts import Network
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class InternetLine:
    """The way from the Internet to this machine, as far as it can be seen from here.

    `public` is None if no service reported it. `upnp`: the router answers requests to open ports.
    """

    public: str | None
    upnp: bool


def find_internet_line(network: Network) -> InternetLine:
    """Ask for the public IP, and for a router with UPnP. Takes some seconds."""
    gateway = network.gateway
    upnp = bool(gateway and port_forwarding.find_router(gateway.address))
    return InternetLine(public_ip.find_public_ip(4).address, upnp)
