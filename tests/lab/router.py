"""The router as its owner meets it: an outside address, port forwards, UPnP, and what it hangs on."""

from __future__ import annotations

from tests.lab.fritzbox import FritzBox
from tests.lab.ipv6 import Ipv6
from tests.lab.miniupnpd import MiniUpnpd
from tests.lab.network import OUTSIDE, HomeNetwork
from tests.lab.uplink import Uplink
from tests.lab.upnp import Mapping, UpnpRouter

Kind = type[MiniUpnpd] | type[FritzBox]


class Router:
    """`lab.router`. `reset` puts everything back to how a session begins: no forward, no UPnP, straight on the
    Internet."""

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
        """The address that the router has on its far side."""
        return self._uplink.outside

    @property
    def public(self) -> str:
        """The address that the Internet sees: another one behind CGNAT or a second router."""
        return self._uplink.public

    def change_address(self, public: str) -> None:
        """The provider gives another public address (within 11.22.33.0/24), as after the nightly reconnection."""
        self._uplink.change(public)
        self._outside_changed()

    def plain(self) -> None:
        """Straight on the Internet."""
        self._uplink.plain()
        self._outside_changed()

    def cgnat(self) -> None:
        """Behind a carrier's NAT: an outside address within 100.64.0.0/10, a public one shared with others."""
        self.ipv6(False)
        self._uplink.behind("100.64.7.1", "100.64.7.44", "10")
        self._outside_changed()

    def double_nat(self) -> None:
        """Behind another router, which has the public address."""
        self.ipv6(False)
        self._uplink.behind("192.168.178.1", "192.168.178.20", "24")
        self._outside_changed()

    # Forwards

    def forward(self, port: int, to: str, *, to_port: int | None = None, protocol: str = "tcp") -> None:
        """As typed into the router's pages: what comes from outside to `port` goes to this address."""
        self._forwards[protocol, port] = (to, to_port or port)
        self._fill()

    def unforward(self, port: int, *, protocol: str = "tcp") -> None:
        """Removes such a forward."""
        del self._forwards[protocol, port]
        self._fill()

    def hairpin(self, on: bool = True) -> None:
        """Whether the LAN reaches forwards at the outside address too. Of UPnP's it knows those there are by now."""
        self._hairpin = on
        self._fill()

    # UPnP

    def upnp(self, kind: Kind | None) -> UpnpRouter | None:
        """Switches UPnP: `MiniUpnpd` (what OpenWrt and many others have), `FritzBox`, or None."""
        if self._upnp is not None:
            self._upnp.stop()
        self._upnp = kind(self._network, lambda: self.outside) if kind is not None else None
        self._fill()
        return self._upnp

    @property
    def mappings(self) -> list[Mapping]:
        """What machines have asked for by UPnP, as the router tells it; empty while it is off."""
        return self._upnp.mappings() if self._upnp is not None else []

    def claim(self, port: int, *, description: str = "laptop") -> None:
        """The laptop takes a port by UPnP, before the Pi does."""
        assert self._upnp is not None
        self._upnp.claim(port, description)

    # IPv6

    def ipv6(self, on: bool = True) -> None:
        """Router advertisements on the LAN, and a way between it and the Internet. From there comes only what
        `let_in` has named; behind somebody else's NAT there is none."""
        self._ipv6.switch(on)

    def let_in(self, address: str, *ports: int) -> None:
        """What comes over IPv6 to these ports of a machine passes; with no port, nothing does any more."""
        self._ipv6.let_in(address, ports)

    # All of it

    def reset(self) -> None:
        """As a session begins."""
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
