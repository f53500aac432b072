"""The providers of dynamic DNS: what each wants to be asked, and what it does not allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Protocol = Literal["dyndns2", "noip", "duckdns", "cloudflare", "freedns"]


@dataclass(frozen=True)
class Provider:
    """`protocol` is ddclient's word for how it is asked. `login` is set where nobody has to be asked for one:
    "{hostname}" stands for the name itself."""

    name: str
    title: str
    protocol: Protocol
    server: str
    suffixes: tuple[str, ...]
    """The domains whose names are handed out here."""
    account: str
    """A sentence: where the credentials and the name are to be had."""
    secret: str = "password"
    login: str | None = None
    only_suffixes: bool = False
    """Whether nobody can bring a domain of their own."""
    ipv6: bool = False
    """Whether an update may name an IPv6 address beside the IPv4 one, as ddclient sends them."""
    least_minutes: int = 5
    """How often it may be looked whether the address has changed, at most."""
    patience_minutes: int = 5
    """How long a client has to leave it alone after a refusal."""
    reminder: str = ""
    """What its account wants now and then, whatever the client does."""

    def owns(self, hostname: str) -> bool:
        """Whether the name is one of those handed out here."""
        return hostname.endswith(tuple(f".{suffix}" for suffix in self.suffixes))


NO_IP = Provider(
    "no-ip",
    "No-IP",
    "noip",
    "dynupdate.no-ip.com",
    (
        *("3utilities.com", "bounceme.net", "ddns.me", "ddns.net", "ddnsking.com", "freedynamicdns.net"),
        *("freedynamicdns.org", "gotdns.ch", "hopto.me", "hopto.org", "myddns.me", "myftp.biz", "myftp.org"),
        *("myvnc.com", "no-ip.biz", "no-ip.info", "no-ip.org", "noip.me", "noip.us", "onthewifi.com"),
        *("redirectme.net", "servebeer.com", "serveblog.net", "serveftp.com", "servegame.com", "servehttp.com"),
        *("serveirc.com", "serveminecraft.net", "servemp3.com", "servepics.com", "servequake.com", "sytes.net"),
        *("viewdns.net", "webhop.me", "zapto.org"),
    ),
    "At my.noip.com: make the name under Dynamic DNS, then a DDNS Key for it; its user name and password go here.",
    patience_minutes=30,
    reminder=(
        "No-IP lets a free name go unless you confirm it every 30 days by the link in its mail; updates do not count."
    ),
)
PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        NO_IP,
        Provider(
            "duckdns",
            "DuckDNS",
            "duckdns",
            "www.duckdns.org",
            ("duckdns.org",),
            "At www.duckdns.org: add the name, and copy the token from the top of the page.",
            secret="token",
            login="nobody",
            only_suffixes=True,
            ipv6=True,
            least_minutes=1,
        ),
        Provider(
            "cloudflare",
            "Cloudflare",
            "cloudflare",
            "api.cloudflare.com/client/v4",
            (),
            "At dash.cloudflare.com: make an A record for the name, not proxied, then an API token under My Profile "
            'that may "Edit zone DNS" of this zone.',
            secret="API token",
            login="token",
            ipv6=True,
            least_minutes=1,
        ),
        Provider(
            "desec",
            "deSEC",
            "dyndns2",
            "update.dedyn.io",
            ("dedyn.io",),
            "At desec.io: make the domain, then a token under Token Management.",
            secret="token",
            login="{hostname}",
            ipv6=True,
            least_minutes=1,
        ),
        Provider(
            "dynu",
            "Dynu",
            "dyndns2",
            "api.dynu.com",
            (
                *("accesscam.org", "camdvr.org", "casacam.net", "ddnsfree.com", "ddnsgeek.com", "dynu.net"),
                *("freeddns.org", "giize.com", "gleeze.com", "kozow.com", "loseyourip.com", "mywire.org"),
                *("ooguy.com", "theworkpc.com", "webredirect.org"),
            ),
            "At www.dynu.com: add the name under DDNS Services; the password is that of the account, or the IP update "
            "password where you have set one.",
        ),
        Provider(
            "dynv6",
            "dynv6",
            "dyndns2",
            "dynv6.com",
            ("dns.army", "dns.navy", "dynv6.net", "v6.army", "v6.navy", "v6.rocks"),
            "At dynv6.com: make the zone; the token is under its Instructions.",
            secret="token",
            login="none",
            least_minutes=1,
        ),
        Provider(
            "freedns",
            "FreeDNS",
            "freedns",
            "freedns.afraid.org",
            (
                *("afraid.org", "chickenkiller.com", "crabdance.com", "ignorelist.com", "jumpingcrab.com"),
                *("mooo.com", "strangled.net", "twilightparadox.com", "us.to"),
            ),
            "At freedns.afraid.org: make an A record for the name under Subdomains.",
            ipv6=True,
        ),
        Provider(
            "custom",
            "a server of your own choice",
            "dyndns2",
            "",
            (),
            "ddns.server names it; it has to speak the dyndns2 protocol over https.",
            least_minutes=1,
        ),
    )
}


def owner_of(hostname: str) -> Provider | None:
    """The provider that hands out this name, where it is known."""
    return next((provider for provider in PROVIDERS.values() if provider.owns(hostname)), None)
