"""Simulate the Internet: `lab.internet`. Each part starts when it is first used.

    authority, names ── name_server     certificates and DNS, both changed by tests while everything runs
    web ── addresses                    web sites, in this process
        ── dyndns2, freedns, duckdns, cloudflare, desec
    acme ── pebble                      Let's Encrypt's two servers
    visitor                             a client far away

Its servers listen in the wan namespace from within the test's own process, so that tests can read the requests.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from piwizard.sandbox.namespaces import Namespace
from tests.lab.internet.acme import PRODUCTION, STAGING, Acme
from tests.lab.internet.addresses import SERVICES
from tests.lab.internet.authority import Authority
from tests.lab.internet.cloudflare import Cloudflare
from tests.lab.internet.desec import DesecApi
from tests.lab.internet.duckdns import DuckDns
from tests.lab.internet.dyndns2 import DynDns2, Manners
from tests.lab.internet.freedns import FreeDns
from tests.lab.internet.name_server import NameServer
from tests.lab.internet.names import PRIMARY, SECONDARY, Zones
from tests.lab.internet.visitor import Visitor
from tests.lab.internet.web import Fault, Reply, Request, Site, Web
from tests.lab.network import INTERNET, HomeNetwork
from tests.lab.pi import Pi

__all__ = ["Fault", "Internet", "Reply", "Request", "Site"]

RESOLVERS = ["8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"]
RESOLVERS_6 = ["2001:4860:4860::8888", "2606:4700:4700::1111"]
NAME_SERVERS = {PRIMARY: ("11.22.34.53", "2a00:7b80:34::53"), SECONDARY: ("11.22.34.54", "2a00:7b80:34::54")}
SITES, SITES_6 = "11.22.34.80", "2a00:7b80:34::80"
VISITOR, VISITOR_6 = "11.22.35.7", "2a00:7b80:35::7"

ZONES = [
    *("nameservers.net", "example.org", "example.com", "ddns.net", "hopto.org", "zapto.org", "no-ip.com", "no-ip.org"),
    *("duckdns.org", "dedyn.io", "dynv6.net", "dynv6.com", "dynu.com", "dynu.net", "freeddns.org", "mooo.com"),
    *("afraid.org", "dyndns.org", "letsencrypt.org"),
    # Only the hosts served here: packages may come from others in these domains.
    *("checkip.amazonaws.com", "api.cloudflare.com", "desec.io"),
]


class Internet:
    """The simulated Internet, without the package registries."""

    def __init__(self, network: HomeNetwork, folder: Path) -> None:
        self._network = network
        folder.mkdir(parents=True)
        self._addresses()
        self.authority = Authority(folder / "certificates")
        self.zone = Zones(ZONES)
        for name, (four, six) in NAME_SERVERS.items():
            self.zone.set(name, "A", four)
            self.zone.set(name, "AAAA", six)
        authoritative = [address for pair in NAME_SERVERS.values() for address in pair]
        self.wan = wan = network.wan.path
        self._names = NameServer(
            wan, self.zone, authoritative=authoritative, resolvers=RESOLVERS + RESOLVERS_6, upstream=INTERNET
        )
        self.web = Web(wan, self.authority, [SITES, SITES_6])
        # No-IP's own client sends updates here, since some providers block port 80.
        self.web.listen(wan, SITES, 8245, tls=False)
        self.visitor = Visitor(network.lifeline, self._visitor(), lambda: self.trusted)
        self._open_sites()
        network.serve_lan(resolver=RESOLVERS[0])
        network.wait_until_ready()

    def add_site(self, host: str, site: Site, *, versions: tuple[int, ...] = (4,)) -> Site:
        """Add a site, reachable over these versions of IP."""
        self.web.add(host, site)
        for version in versions:
            self.zone.set(host, *(("A", SITES) if version == 4 else ("AAAA", SITES_6)))
        return site

    def trust(self, pi: Pi) -> None:
        """Make a Pi trust the lab's authority, and the ACME server's root if it runs."""
        folder = "/usr/local/share/ca-certificates"
        pi.write(f"{folder}/lab-internet.crt", self.authority.text)
        if "acme" in vars(self):
            for number, root in enumerate([self.acme.root, *self.acme.earlier_roots]):
                pi.write(f"{folder}/lab-acme-{number}.crt", root)
        pi.run(("update-ca-certificates",))

    @property
    def trusted(self) -> str:
        """Return the root certificates that a Pi and the visitor trust."""
        return self.authority.text + (
            "".join([self.acme.root, *self.acme.earlier_roots]) if "acme" in vars(self) else ""
        )

    @cached_property
    def acme(self) -> Acme:
        """Return Let's Encrypt, started at the first use."""
        made = Acme(self._network, self.authority)
        self.add_site(PRODUCTION, made.production)
        self.add_site(STAGING, made.staging)
        return made

    def dyndns2(self, *hosts: str, manners: Manners | None = None) -> DynDns2:
        """Add a provider with the dyndns2 protocol at these host names."""
        made = DynDns2(self.zone, manners or Manners())
        for host in hosts:
            self.add_site(host, made, versions=(4, 6))
        return made

    def close(self) -> None:
        self._names.close()
        self.web.close()

    def _open_sites(self) -> None:
        self.addresses = {
            name: self.add_site(name, Site(behaviour), versions=versions)
            for name, (behaviour, versions) in SERVICES.items()
        }
        """The services that return a client's public IP, by host name."""
        self.noip = self.dyndns2("dynupdate.no-ip.com", "dynupdate6.no-ip.com", manners=Manners(agent=True))
        self.dynu = self.dyndns2("api.dynu.com", "api-ipv4.dynu.com", "api-ipv6.dynu.com", manners=Manners(refusal=200))
        self.dynv6 = self.dyndns2("dynv6.com", "ipv4.dynv6.com", "ipv6.dynv6.com")
        self.desec = self.dyndns2("update.dedyn.io", "update6.dedyn.io")
        self.freedns = FreeDns(self.zone)
        self.add_site("freedns.afraid.org", self.freedns)
        self.members = self.dyndns2("members.dyndns.org", "ddns.example.org")
        """A provider for the test's own accounts."""
        self.duckdns = DuckDns(self.zone)
        self.add_site("www.duckdns.org", self.duckdns, versions=(4, 6))
        self.cloudflare = Cloudflare(self.zone)
        self.add_site("api.cloudflare.com", self.cloudflare, versions=(4, 6))
        self.desec_api = DesecApi(self.zone)
        self.add_site("desec.io", self.desec_api, versions=(4, 6))

    def _addresses(self) -> None:
        servers = [address for pair in NAME_SERVERS.values() for address in pair]
        addresses = (*RESOLVERS, *RESOLVERS_6, *servers, SITES, SITES_6)
        self._network.wan.check(("ip", "-batch", "-"), input="".join(f"address add {a} dev lo\n" for a in addresses))
        self._network.wan.check(("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"))

    def _visitor(self) -> Namespace:
        network = self._network
        visitor = network.namespace("visitor")
        network.cable(("visitor", "eth0"), ("wan", "visitor"))
        for space, device, four, six in (
            ("wan", "visitor", "11.22.35.1", "2a00:7b80:35::1"),
            ("visitor", "eth0", VISITOR, VISITOR_6),
        ):
            network.ip(space, "address", "add", f"{four}/24", "dev", device)
            network.ip(space, "address", "add", f"{six}/64", "dev", device, "nodad")
            network.ip(space, "link", "set", device, "up")
        network.ip("visitor", "route", "add", "default", "via", "11.22.35.1")
        network.ip("visitor", "-6", "route", "add", "default", "via", "2a00:7b80:35::1")
        return visitor
