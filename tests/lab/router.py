"""Configure the router: public IP, port forwarding, UPnP, uplink."""

from __future__ import annotations

from tests.lab.fritzbox import FritzBox
from tests.lab.ipv6 import Ipv6
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.network import OUTSIDE, HomeNetwork
from tests.lab.uplink import Uplink
from tests.lab.upnp import Mapping, UpnpRouter

Kind = type[MiniUpnpd] | type[FritzBox]


class Router:
    """The router, as `lab.router`.

    `reset` restores a session's start: no port forwarding, no UPnP, a public IP of its own.
    """

    def __init__(self, network: HomeNetwork) -> None:
        self._network = network
        self._uplink = Uplink(network)
        self._forwards: dict[tuple[str, int], tuple[str, int]] = {}
        self._hairpin = False
        self._upnp: UpnpRouter | None = None
        self._ipv6 = Ipv6(network)

    # Its addresses

    @property
    def outside(self) -> str:
        """Return the address of the router's WAN interface."""
        return self._uplink.outside

    @property
    def public(self) -> str:
        """Return the public IP, which differs behind CGNAT or a second router."""
        return self._uplink.public

    def change_address(self, public: str) -> None:
        """Change the public IP (within 11.22.33.0/24), as after the nightly reconnection."""
        self._uplink.change(public)
        self._outside_changed()

    def plain(self) -> None:
        """Connect it directly to the Internet."""
        self._uplink.plain()
        self._outside_changed()

    def cgnat(self) -> None:
        """Put it behind a carrier's NAT, with a shared public IP.

        Its own address is in 100.64.0.0/10.
        """
        self.ipv6(False)
        self._uplink.behind("100.64.7.1", "100.64.7.44", "10")
        self._outside_changed()

    def double_nat(self) -> None:
        """Put it behind another router, which has the public IP."""
        self.ipv6(False)
        self._uplink.behind("192.168.178.1", "192.168.178.20", "24")
        self._outside_changed()

    # Port forwarding

    def forward(self, port: int, to: str, *, to_port: int | None = None, protocol: str = "tcp") -> None:
        """Forward a port to this address, as typed into the router's pages."""
        self._forwards[protocol, port] = (to, to_port or port)
        self._fill()

    def unforward(self, port: int, *, protocol: str = "tcp") -> None:
        """Remove such a forwarding."""
        del self._forwards[protocol, port]
        self._fill()

    def hairpin(self, on: bool = True) -> None:
        """Let the LAN reach forwarded ports at the WAN address.

        Of the UPnP mappings it includes those that exist now.
        """
        self._hairpin = on
        self._fill()

    # UPnP

    def upnp(self, kind: Kind | None) -> UpnpRouter | None:
        """Turn on UPnP: `MiniUpnpd` (OpenWrt and others), `FritzBox`, or None for off."""
        if self._upnp is not None:
            self._upnp.stop()
        self._upnp = kind(self._network, lambda: self.outside) if kind is not None else None
        self._fill()
        return self._upnp

    @property
    def mappings(self) -> list[Mapping]:
        """Return the UPnP mappings as the router reports them; empty while UPnP is off."""
        return self._upnp.mappings() if self._upnp is not None else []

    def claim(self, port: int, *, description: str = "laptop") -> None:
        """Map a port to the laptop by UPnP, before the Pi does."""
        assert self._upnp is not None
        self._upnp.claim(port, description)

    # IPv6

    def ipv6(self, on: bool = True) -> None:
        """Turn on IPv6: router advertisements on the LAN, and a route to the Internet.

        The firewall lets in only what `let_in` has opened; behind another NAT there is no route.
        """
        self._ipv6.switch(on)

    def let_in(self, address: str, *ports: int) -> None:
        """Open these ports of a machine for IPv6; without a port, close all."""
        self._ipv6.let_in(address, ports)

    # Everything

    def reset(self) -> None:
        """Restore the state at the start of a session."""
        self.upnp(None)
        self.plain()
        self.change_address(OUTSIDE)
        self.ipv6(False)
        self._forwards.clear()
        self.hairpin(False)

    def _outside_changed(self) -> None:
        if self._upnp is not None:
            self._upnp.outside_changed()
        self._fill()

    def _fill(self) -> None:
        rules = ["flush chain inet router forwards", "flush chain inet router hairpin"]
        for (protocol, port), (to, to_port) in self._forwards.items():
            rules.append(_rule("forwards", protocol, port, to, to_port, self.outside))
        known = {(m.protocol, m.port): (m.address, m.to_port) for m in self.mappings} | self._forwards
        for (protocol, port), (to, to_port) in known.items() if self._hairpin else ():
            rules.append(_rule("hairpin", protocol, port, to, to_port, self.outside))
        self._network.router.check(("nft", "-f", "-"), input="\n".join(rules) + "\n")


def _rule(chain: str, protocol: str, port: int, to: str, to_port: int, outside: str) -> str:
    return f"add rule inet router {chain} ip daddr {outside} {protocol} dport {port} dnat ip to {to}:{to_port}"
