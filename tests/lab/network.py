"""Build a home network in namespaces: Internet, router, LAN with a laptop.


    slirp4netns ── wan 11.22.33.1 ── 11.22.33.44 router 192.168.1.1 ── LAN bridge ┬─ laptop 192.168.1.50
                                                                                 └─ each Pi, by DHCP

All of it lives on the lifeline. `wan` resolves the names of the package registries only, and lets through only the
addresses it has returned. Its range counts as public, so that nothing treats it as a private network.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from piwizard.sandbox.namespaces import Namespace, SlirpUplink
from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system.commands import Process
from tests.lab import http_client

INTERNET = "11.22.33.1"
OUTSIDE = "11.22.33.44"
ROUTER = "192.168.1.1"
ROUTER_MAC = "3c:a6:2f:00:00:01"
LAPTOP = "192.168.1.50"
LEASES = "192.168.1.100,192.168.1.199,1h"

WAN_RULES = """
table inet internet {
    set handed_out { type ipv4_addr; flags timeout; timeout 1h; }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname { "home", "visitor" } oifname { "home", "visitor" } accept
        iifname "home" oifname "out" ip daddr @handed_out accept
        reject with icmpx admin-prohibited
    }
    chain output {
        type filter hook output priority filter; policy accept;
        oifname != "out" accept
        ip daddr @handed_out accept
        ip daddr 10.0.2.0/24 accept
        reject with icmpx admin-prohibited
    }
    chain postrouting { type nat hook postrouting priority srcnat; oifname "out" masquerade; }
}
"""

# tests.lab.router and miniupnpd fill the chains without a hook.
ROUTER_RULES = """
table inet router {
    chain forwards { }
    chain hairpin { }
    chain let_in { }
    chain upnp_prerouting { }
    chain upnp_postrouting { }
    chain upnp_forward { }
    chain prerouting {
        type nat hook prerouting priority dstnat;
        iifname "wan" jump forwards
        iifname "wan" jump upnp_prerouting
        iifname "lan" jump hairpin
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "lan" accept
        ct status dnat accept
        iifname "wan" jump let_in
    }
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "wan" ct state established,related accept
        iifname "wan" meta l4proto ipv6-icmp accept
        iifname "wan" reject
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        jump upnp_postrouting
        oifname "wan" meta nfproto ipv4 masquerade
        iifname "lan" oifname "lan" ct status dnat masquerade
    }
}
"""

DNSMASQ = (
    "dnsmasq",
    "--conf-file=/dev/null",
    "--keep-in-foreground",
    "--no-hosts",
    "--no-resolv",
    "--user=root",
    "--bind-interfaces",
    "--pid-file=",
    "--log-facility=-",
)


class HomeNetwork:
    """A running network. `cable` connects more namespaces, `serve` starts servers."""

    def __init__(self, lifeline: SandboxInit, registries: list[str]) -> None:
        self.lifeline = lifeline
        self.wan = self.namespace("wan")
        self.router = self.namespace("router")
        self.laptop = self.namespace("laptop")
        self._servers: list[Process] = []
        self._lan_server: Process | None = None
        self._resolver, self._ipv6 = INTERNET, ()
        self._leases = lifeline.root / "run/lab/dhcp"
        self._leases.mkdir(parents=True)
        self._connect_router()
        self._connect_wan(registries)
        self._connect_laptop()

    def namespace(self, name: str) -> Namespace:
        """Create a namespace without a device."""
        namespace = Namespace(self.lifeline, name)
        namespace.make()
        # The packet filter does not apply to frames that cross a bridge.
        for switch in ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"):
            if Path("/proc/sys", switch.replace(".", "/")).exists():
                namespace.check(("sysctl", "-qw", f"{switch}=0"))
        return namespace

    def cable(self, one: tuple[str, str], other: tuple[str, str], *, mac: str | None = None) -> None:
        """Connect (namespace, device) and (namespace, device) with a cable."""
        (space, device), (far_space, far_device) = one, other
        address = ("address", mac) if mac else ()
        near = ("ip", "link", "add", device, *address, "netns", space, "type", "veth")
        self.lifeline.check((*near, "peer", "name", far_device, "netns", far_space))

    def serve(self, namespace: Namespace, *argv: str) -> Process:
        """Start a server that runs as long as the network."""
        server = namespace.start(argv)
        self._servers.append(server)
        return server

    def _connect_router(self) -> None:
        self.cable(("router", "wan"), ("wan", "home"))
        ip = self.ip
        # Without an address of its own a bridge uses that of a port, and changes it whenever a machine goes.
        bridge = ("type", "bridge", "mcast_snooping", "0", "forward_delay", "0")
        ip("router", "link", "add", "lan", "address", ROUTER_MAC, *bridge)
        ip("router", "address", "add", f"{ROUTER}/24", "dev", "lan")
        ip("router", "address", "add", f"{OUTSIDE}/24", "dev", "wan")
        for device in ("lan", "wan"):
            ip("router", "link", "set", device, "up")
        ip("router", "route", "add", "default", "via", INTERNET)
        self.router.check(("sysctl", "-qw", "net.ipv4.ip_forward=1"))
        self.router.check(("nft", "-f", "-"), input=ROUTER_RULES)
        self.serve_lan()

    def serve_lan(self, *, resolver: str | None = None, ipv6: tuple[str, ...] | None = None) -> None:
        """Start the router's DHCP and DNS, or restart it with these options."""
        if self._lan_server is not None:
            self._lan_server.end()
            while http_client.listening(self.router.path, ROUTER, 53):
                time.sleep(0.01)
        self._resolver = resolver or self._resolver
        self._ipv6 = self._ipv6 if ipv6 is None else ipv6
        dhcp = (f"--dhcp-range={LEASES}", "--dhcp-authoritative", "--dhcp-leasefile=/run/lab/leases")
        own = ("--domain=lan", "--local=/lan/", f"--host-record=laptop.lan,git.lan,{LAPTOP}")
        reserved = ("--dhcp-hostsdir=/run/lab/dhcp", "--dhcp-fqdn", "--no-ping", "--cache-size=0")
        argv = (*DNSMASQ, "--interface=lan", f"--server={self._resolver}", *dhcp, *own, *reserved, *self._ipv6)
        self._lan_server = self.serve(self.router, *argv)

    def _connect_wan(self, registries: list[str]) -> None:
        ip = self.ip
        ip("wan", "address", "add", f"{INTERNET}/24", "dev", "home")
        ip("wan", "link", "set", "home", "up")
        self.wan.check(("sysctl", "-qw", "net.ipv4.ip_forward=1"))
        self.wan.check(("nft", "-f", "-"), input=WAN_RULES)
        self.way_out = SlirpUplink(self.lifeline, self.wan, "out")
        hosts = "/".join(registries)
        known = (f"--server=/{hosts}/{SlirpUplink.NAME_SERVER}", f"--nftset=/{hosts}/4#inet#internet#handed_out")
        self.serve(self.wan, *DNSMASQ, f"--listen-address={INTERNET}", "--filter-AAAA", "--cache-size=0", *known)

    def _connect_laptop(self) -> None:
        self.plug_in(self.laptop, "laptop")
        self.ip("laptop", "address", "add", f"{LAPTOP}/24", "dev", "eth0")
        self.ip("laptop", "link", "set", "eth0", "up")
        self.ip("laptop", "route", "add", "default", "via", ROUTER)
        # Everything on the lifeline asks the router; this machine's resolver is not reachable there.
        resolver = Path(os.path.realpath("/etc/resolv.conf"))
        seen = self.lifeline.root / resolver.relative_to("/")
        self.lifeline.check(("mkdir", "-p", str(resolver.parent)))
        if not seen.exists():
            seen.touch()
        (self.lifeline.root / "run/lab/resolv.conf").write_text(f"nameserver {ROUTER}\nsearch lan\n")
        self.lifeline.check(("mount", "--bind", "/run/lab/resolv.conf", str(resolver)))

    def plug_in(self, namespace: Namespace, port: str, *, mac: str | None = None) -> None:
        """Connect a machine's eth0 to a port of the router."""
        self.cable((namespace.name, "eth0"), ("router", port), mac=mac)
        self.ip("router", "link", "set", port, "master", "lan", "up")

    def cable_of(self, port: str, *, plugged: bool) -> None:
        """Unplug the cable from a port of the router, or plug it in."""
        self.ip("router", "link", "set", port, "up" if plugged else "down")

    def reserve(self, mac: str, address: str) -> None:
        """Reserve this address for this network card."""
        known = self._leases / address
        if not known.exists():  # earlier messages could be mistaken for another server's
            known.write_text(f"{mac},{address}\n")

    def wait_until_ready(self) -> None:
        """Wait until the router resolves its own names."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            # A resolver that is asked by name too early takes five seconds to retry.
            if (
                http_client.listening(self.laptop.path, ROUTER, 53)
                and self.laptop.run(("getent", "hosts", "git.lan")).ok
            ):
                return
            time.sleep(0.02)
        raise AssertionError("the router of the lab does not answer")

    def ip(self, namespace: str, *argv: str) -> None:
        """Run `ip` in a namespace."""
        self.lifeline.check(("ip", "-n", namespace, *argv))
