"""Provide IPv6 at home: router advertisements, a prefix, a firewall."""

from __future__ import annotations

from tests.lab.network import HomeNetwork

LAN, LINK = "2a00:7b80:1:1::", "2a00:7b80:33:0::"
ADVERTISE = ("--enable-ra", "--dhcp-range=::,constructor:lan,ra-only,10m")
# Names of the addresses and routes.
ADDRESSES = [("wan", f"{LINK}1/64", "home"), ("router", f"{LINK}44/64", "wan"), ("router", f"{LAN}1/64", "lan")]
ROUTES = [("wan", f"{LAN}/64", f"{LINK}44"), ("router", "default", f"{LINK}1")]


class Ipv6:
    """IPv6 at home, off at first."""

    def __init__(self, network: HomeNetwork) -> None:
        self._network = network
        self._on = False

    def switch(self, on: bool) -> None:
        """Turn it on or off for the whole LAN."""
        if on == self._on:
            return
        self._on = on
        ip = self._network.ip
        if on:
            self._network.wan.check(("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"))
            self._network.router.check(("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"))
            for space, address, device in ADDRESSES:
                ip(space, "address", "add", address, "dev", device, "nodad")
            for space, target, via in ROUTES:
                ip(space, "-6", "route", "add", target, "via", via)
        else:
            for space, target, _ in ROUTES:
                ip(space, "-6", "route", "delete", target)
            for space, address, device in ADDRESSES:
                ip(space, "address", "delete", address, "dev", device)
            self.let_in("", ())
        self._network.serve_lan(ipv6=ADVERTISE if on else ())

    def let_in(self, address: str, ports: tuple[int, ...]) -> None:
        """Open these ports of a machine, and close all earlier ones."""
        rules = "flush chain inet router let_in\n"
        if ports:
            numbers = ", ".join(str(port) for port in ports)
            rules += f"add rule inet router let_in ip6 daddr {address} tcp dport {{ {numbers} }} accept\n"
        self._network.router.check(("nft", "-f", "-"), input=rules)
