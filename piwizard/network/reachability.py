"""Judge from evidence whether visitors can reach this machine from the Internet."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Literal

from piwizard.network import nat_detection
from piwizard.network.nat_detection import NatPath
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Advice, Fix, RunCommand

ReachabilityKind = Literal["reachable", "CGNAT", "double NAT", "closed", "unknown", "no evidence"]
"""`unknown`: the evidence does not suffice; `no evidence`: neither the router nor any service has answered."""
CGNAT_ADVICE = (
    "Ask the provider for an IPv4 address of your own (some assign one on request, some for a small fee). Without one "
    "you can get a certificate by DNS-01 (tls.challenge), and visitors can use IPv6 if you and they have it, or a "
    "tunnel through another server."
)
DOUBLE_NAT_ADVICE = (
    "Switch the first router, the one closer to the Internet, to bridge mode, or connect the Pi to it, or forward "
    "ports 80 and 443 twice: in the first router to yours, in yours to the Pi. If the first router is the provider's "
    "and not in your home, this is CGNAT: ask the provider for an IPv4 address of your own."
)
VPN_CAUSE = "Or this Pi or the router uses a VPN: then switch it off, and check again."
FROM_INSIDE = (
    "whether visitors can reach it cannot be checked from inside your network: the dry run of the certificate step "
    "checks it, or try a phone that is not on your Wi-Fi"
)


@dataclass(frozen=True)
class Evidence:
    """The evidence for and against reachability. None means unknown.

    `router`: the public IP that the router reports. `internet`: the one that the Internet sees; without it,
    `no_internet` is the reason. `own`: this machine's addresses. `forwarded`: whether the router forwards the ports to
    this machine. `heard`: whether a request to the public IP arrived here.
    """

    router: str | None = None
    internet: str | None = None
    no_internet: str = ""
    own: tuple[str, ...] = ()
    way: NatPath = field(default_factory=NatPath)
    forwarded: bool | None = None
    heard: bool = False


@dataclass(frozen=True)
class Reachability:
    """The verdict: `detail` is the evidence; `cause` and `fix` explain a problem."""

    kind: ReachabilityKind
    detail: str
    cause: str = ""
    fix: Fix = ()

    @property
    def hopeless(self) -> bool:
        """Return whether port forwarding in this home's router cannot help."""
        return self.kind in ("CGNAT", "double NAT")

    @property
    def bad(self) -> bool:
        """Return whether visitors cannot reach this machine, or there is no evidence."""
        return self.hopeless or self.kind in ("closed", "no evidence")


def judge_evidence(seen: Evidence) -> Reachability:
    """Return what the evidence means; unknown if it cannot be checked from inside."""
    if seen.heard:
        where = seen.internet or seen.router
        return Reachability("reachable", f"reachable: a request to {where} arrived through the router")
    if seen.internet and seen.internet in seen.own:
        return Reachability("unknown", f"the Pi itself has the public IP {seen.internet}; {FROM_INSIDE}")
    blocked = _nat_in_between(seen)
    if blocked:
        return blocked
    address = seen.internet or seen.router
    if address is None:
        return Reachability(
            "no evidence",
            f"unknown: {seen.no_internet or 'your public IP is not known.'}",
            "Neither the router nor any service on the Internet reports your public IP.",
            (Advice("Check this Pi's Internet connection, then check again."),),
        )
    if seen.forwarded is False:
        return Reachability(
            "closed",
            "closed: the router does not forward ports 80 and 443 to this machine",
            "Visitors can reach only forwarded ports.",
            (RunCommand("piwizard apply router", "to forward them"),),
        )
    if _router_has_public_ip(seen):
        return Reachability("unknown", f"the router itself has {address}, so port forwarding can work; {FROM_INSIDE}")
    who = "the Internet sees" if seen.internet else "the router reports"
    return Reachability("unknown", f"{who} {address}; {FROM_INSIDE}")


def _router_has_public_ip(seen: Evidence) -> bool:
    """Return whether the router itself has the address that the Internet sees."""
    return seen.internet is not None and (seen.internet == seen.router or seen.way.outside_at == 1)


def _nat_in_between(seen: Evidence) -> Reachability | None:
    """Return the verdict if another NAT device is between the router and the Internet."""
    if nat_detection.is_cgnat(seen.router):
        return _cgnat(f"the router's own IP is {seen.router}, from a range that a provider's homes share")
    if nat_detection.is_private(seen.router):
        return _double(f"the router's own IP is {seen.router}, from another private network")
    if _router_has_public_ip(seen):
        return None
    if seen.router and seen.internet:  # two different public addresses
        found = _cgnat(f"the router has the IP {seen.router}, but the Internet sees {seen.internet}")
        return replace(found, cause=f"{found.cause} {VPN_CAUSE}")
    if nat_detection.is_cgnat(seen.way.second):
        return _cgnat(f"the hop after the router is {seen.way.second}, from a range that a provider's homes share")
    if nat_detection.is_private(seen.way.second) and seen.way.outside_at == 2:
        return _double(f"after the router follows another one, {seen.way.second}, with the public IP {seen.internet}")
    return None


def _cgnat(detail: str) -> Reachability:
    cause = "The provider shares one public IP among many homes (CGNAT), so port forwarding in your router cannot work."
    return Reachability("CGNAT", f"CGNAT: {detail}", cause, (Advice(CGNAT_ADVICE),))


def _double(detail: str) -> Reachability:
    cause = "Visitors have to pass two routers (double NAT). Port forwarding in yours does not reach the first one."
    return Reachability("double NAT", f"double NAT: {detail}", cause, (Advice(DOUBLE_NAT_ADVICE),))
