"""Connect the router to the Internet, directly or through another NAT."""

from __future__ import annotations

from tests.lab.network import INTERNET, OUTSIDE, HomeNetwork

CARRIER_RULES = """
table inet carrier {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "inside" accept
    }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "wan" ct state new reject
    }
    chain postrouting { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
}
"""


class Uplink:
    """The router's uplink.

    The device `wan` moves between the router and a carrier's namespace; the far side does not notice.
    """

    def __init__(self, network: HomeNetwork) -> None:
        self._network = network
        self._carrier = False
        self.outside = self.public = OUTSIDE

    def change(self, public: str) -> None:
        """Change the public IP."""
        holder = "carrier" if self._carrier else "router"
        self._address(holder, public, INTERNET, "24")
        self.public = public
        if not self._carrier:
            self.outside = public

    def plain(self) -> None:
        """Give the public IP to the router itself."""
        if not self._carrier:
            return
        ip = self._network.ip
        ip("carrier", "link", "delete", "inside")
        ip("carrier", "link", "set", "wan", "netns", "router")
        self._carrier = False
        self._address("router", self.public, INTERNET, "24")
        self.outside = self.public

    def behind(self, gateway: str, outside: str, width: str) -> None:
        """Put the router behind a NAT with the public IP; the router gets `outside`."""
        self.plain()
        ip = self._network.ip
        if not self._network_has_carrier():
            carrier = self._network.namespace("carrier")
            carrier.check(("sysctl", "-qw", "net.ipv4.ip_forward=1"))
            carrier.check(("nft", "-f", "-"), input=CARRIER_RULES)
        ip("router", "link", "set", "wan", "netns", "carrier")
        self._network.cable(("carrier", "inside"), ("router", "wan"))
        ip("carrier", "address", "add", f"{gateway}/{width}", "dev", "inside")
        ip("carrier", "link", "set", "inside", "up")
        self._carrier = True
        self._address("carrier", self.public, INTERNET, "24")
        self._address("router", outside, gateway, width)
        self.outside = outside

    def _network_has_carrier(self) -> bool:
        return (self._network.lifeline.root / "run/netns/carrier").exists()

    def _address(self, space: str, address: str, gateway: str, width: str) -> None:
        ip = self._network.ip
        ip(space, "-4", "address", "flush", "dev", "wan")
        ip(space, "link", "set", "wan", "up")
        ip(space, "address", "add", f"{address}/{width}", "dev", "wan")
        ip(space, "route", "replace", "default", "via", gateway)
