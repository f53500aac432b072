"""Run miniupnpd, the UPnP server of OpenWrt and many routers."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab import http_client
from tests.lab.eventually import eventually
from tests.lab.network import ROUTER, HomeNetwork
from tests.lab.unpacked import unpacked
from tests.lab.upnp import UpnpRouter

PACKAGE = "miniupnpd-nftables"
SETTINGS = """\
ext_ifname=wan
listening_ip=lan
http_port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
lease_file=/run/lab/upnp.leases
upnp_table_name=router
upnp_nat_table_name=router
upnp_forward_chain=upnp_forward
upnp_nat_chain=upnp_prerouting
upnp_nat_postrouting_chain=upnp_postrouting
uuid=7f2c1e0a-8a52-4d32-9a3c-0b5b3a1f4c11
allow 1-65535 192.168.1.0/24 1-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


class MiniUpnpd(UpnpRouter):
    """UPnP that refuses mappings while the router's own address is private or shared."""

    port = 5000
    control = "/ctl/IPConn"

    def __init__(self, network: HomeNetwork, _: Callable[[], str]) -> None:
        super().__init__(network)
        (network.lifeline.root / "run/lab/miniupnpd.conf").write_text(SETTINGS)
        self._start()

    def _start(self) -> None:
        self._network.lifeline.check(("rm", "-f", "/run/lab/miniupnpd.pid"))
        program = unpacked(PACKAGE) / "usr/sbin/miniupnpd"
        files = ("-f", "/run/lab/miniupnpd.conf", "-P", "/run/lab/miniupnpd.pid")
        self._server = self._network.serve(self._network.router, str(program), "-d", *files)
        eventually(self._listening)

    def _listening(self) -> None:
        assert self._server.alive, self._server.wait().last_lines
        assert http_client.listening(self._network.laptop.path, ROUTER, self.port)

    def stop(self) -> None:
        self._end()
        self._network.lifeline.check(("rm", "-f", "/run/lab/upnp.leases"))
        for chain in ("upnp_forward", "upnp_prerouting", "upnp_postrouting"):
            self._network.router.check(("nft", "flush", "chain", "inet", "router", chain))

    def outside_changed(self) -> None:
        # The device may have been replaced by another one of the same name: restart it. It reads its leases back.
        self._end()
        self._start()

    def _end(self) -> None:
        self._server.end()
        eventually(self._silent)

    def _silent(self) -> None:
        assert not http_client.listening(self._network.laptop.path, ROUTER, self.port)
