"""Simulate the services that return a client's public IP."""

from __future__ import annotations

from tests.lab.internet.web import Behaviour, Reply, Request

DYNDNS = "<html><head><title>Current IP Check</title></head><body>Current IP Address: {}</body></html>\r\n"
HTML = {"Content-Type": "text/html"}

BOTH, ONLY_4, ONLY_6 = (4, 6), (4,), (6,)


def _plain(request: Request) -> Reply:
    return Reply(request.peer)


def _line(request: Request) -> Reply:
    return Reply(f"{request.peer}\n")


def _dyndns(request: Request) -> Reply:
    return Reply(DYNDNS.format(request.peer), headers=HTML)


# Their host names, their answers, and the versions of IP they support.
SERVICES: dict[str, tuple[Behaviour, tuple[int, ...]]] = {
    "api.ipify.org": (_plain, ONLY_4),
    "api4.ipify.org": (_plain, ONLY_4),
    "api6.ipify.org": (_plain, ONLY_6),
    "api64.ipify.org": (_plain, BOTH),
    "checkip.dyndns.org": (_dyndns, ONLY_4),
    "checkip.amazonaws.com": (_line, ONLY_4),
    "ip1.dynupdate.no-ip.com": (_plain, ONLY_4),
    "ip1.dynupdate6.no-ip.com": (_plain, ONLY_6),
    "ifconfig.me": (_plain, BOTH),
    "ifconfig.co": (_line, BOTH),
    "icanhazip.com": (_line, BOTH),
    "ipv4.icanhazip.com": (_line, ONLY_4),
    "ipv6.icanhazip.com": (_line, ONLY_6),
    "v4.ident.me": (_plain, ONLY_4),
    "v6.ident.me": (_plain, ONLY_6),
    "ipecho.net": (_plain, ONLY_4),
    "ipinfo.io": (_line, ONLY_4),
    "myip.dnsomatic.com": (_plain, ONLY_4),
    "checkip.dns.he.net": (_dyndns, ONLY_4),
    "checkipv4.dedyn.io": (_plain, ONLY_4),
    "checkipv6.dedyn.io": (_plain, ONLY_6),
    "checkip.dynu.com": (_dyndns, ONLY_4),
    "ipv4.nsupdate.info": (_plain, ONLY_4),
    "ipv6.nsupdate.info": (_plain, ONLY_6),
}
