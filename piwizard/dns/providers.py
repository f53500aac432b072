"""Define the supported DDNS providers, with their protocols and limits."""

from __future__ import annotations

from typing import Literal

from piwizard.system.lazy_dataclass import dataclass

Protocol = Literal["dyndns2", "noip", "duckdns", "cloudflare", "freedns"]


@dataclass(frozen=True)
class Provider:
    """A DDNS provider.

    `protocol` is ddclient's name for its protocol. `login` is set if users have none; "{hostname}" is replaced.
    """

    name: str
    title: str
    protocol: Protocol
    server: str
    suffixes: tuple[str, ...]
    """The domains whose subdomains this provider gives away."""
    account: str
    """A sentence: where to get the credentials and the host name."""
    secret: str = "password"
    login: str | None = None
    only_suffixes: bool = False
    """Whether the provider accepts only its own domains."""
    ipv6: bool = False
    """Whether one update can contain both an IPv4 and an IPv6 address."""
    least_minutes: int = 5
    """The shortest update interval that the provider allows."""
    patience_minutes: int = 5
    """How long a client must wait after an error."""
    reminder: str = ""
    """A regular task in the account that no client can do."""

    def owns(self, hostname: str) -> bool:
        """Return whether a host name is below one of the provider's domains."""
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
    "At my.noip.com, create the host name under Dynamic DNS and a DDNS Key for it; enter its user name and password.",
    patience_minutes=30,
    reminder=("No-IP deletes a free host name unless you confirm it every 30 days with the link in its mail."),
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
            "At www.duckdns.org, add the domain and copy the token from the top of the page.",
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
            "At dash.cloudflare.com, create an A record for the host name, not proxied, and under My Profile a token "
            'with the permission "Edit zone DNS" for this zone.',
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
            "At desec.io, create the domain and a token under Token Management.",
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
            "At www.dynu.com, add the host name under DDNS Services; the password is that of your account, or the IP "
            "update password if you set one.",
        ),
        Provider(
            "dynv6",
            "dynv6",
            "dyndns2",
            "dynv6.com",
            ("dns.army", "dns.navy", "dynv6.net", "v6.army", "v6.navy", "v6.rocks"),
            "At dynv6.com, create the zone; the token is under its Instructions.",
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
            "At freedns.afraid.org, create an A record for the host name under Subdomains.",
            ipv6=True,
        ),
        Provider(
            "custom",
            "a custom server",
            "dyndns2",
            "",
            (),
            "Enter its host name as ddns.server; it must support the dyndns2 protocol over HTTPS.",
            least_minutes=1,
        ),
    )
}


def owner_of(hostname: str) -> Provider | None:
    """Return the provider that owns the domain of a host name, if known."""
    return next((provider for provider in PROVIDERS.values() if provider.owns(hostname)), None)
