"""Whether visitors can come in from the Internet: the evidence, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from piwizard.network import nat_detection
from piwizard.network.nat_detection import NatPath
from piwizard.system.remedies import Advice, Fix, RunCommand

ReachabilityKind = Literal["reachable", "CGNAT", "double NAT", "closed", "unknown", "no evidence"]
"""`unknown`: there is evidence, and it does not tell; `no evidence`: nobody has answered at all."""
CGNAT_ADVICE = (
    "Ask the provider for an IPv4 address of your own (some give one for the asking, some for a little money). Without "
    "it: a certificate by DNS-01 (tls.challenge), visitors by IPv6 where you and they have it, or a tunnel through a "
    "machine outside."
)
DOUBLE_NAT_ADVICE = (
    "Switch the box before your router to bridge mode, or connect the Pi to that box itself, or forward ports 80 and "
    "443 twice: in that box to your router, in your router to the Pi. If that box is the provider's and not in your "
    "home, it is CGNAT: ask the provider for an IPv4 address of your own."
)
VPN_CAUSE = "Or this Pi or the router uses a VPN: then switch it off, and check again."
FROM_INSIDE = (
    "whether visitors come in cannot be told from inside: the certificate step's dry run will, "
    "and so does a telephone that is not on your WLAN"
)


@dataclass(frozen=True)
class Evidence:
    """What was seen. None: it could not be seen.

    `router`: the router's own outside address; `internet`: the one that the Internet sees, or `no_internet`, why that
    is not known; `own`: this machine's addresses; `forwarded`: whether the router's list leads here; `heard`: whether
    a request to the outside address came in.
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
    """`detail` says what was seen; `cause` and `fix` explain what is wrong."""

    kind: ReachabilityKind
    detail: str
    cause: str = ""
    fix: Fix = ()

    @property
    def hopeless(self) -> bool:
        """Whether no forward of this home's router can let visitors in."""
        return self.kind in ("CGNAT", "double NAT")

    @property
    def bad(self) -> bool:
        """Whether visitors are known not to come in, or nothing at all is known of it."""
        return self.hopeless or self.kind in ("closed", "no evidence")


def judge_evidence(seen: Evidence) -> Reachability:
    """What the evidence means. What cannot be told from inside is said to be so."""
    if seen.heard:
        where = seen.internet or seen.router
        return Reachability("reachable", f"reachable: a request to {where} came in through the router")
    if seen.internet and seen.internet in seen.own:
        return Reachability("unknown", f"no router in between, the Pi itself has {seen.internet}; {FROM_INSIDE}")
    between = _between(seen)
    if between:
        return between
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
            "A router lets visitors in only at forwarded ports.",
            (RunCommand("piwizard apply router", "to forward them"),),
        )
    if _held(seen):
        return Reachability("unknown", f"the router itself has {address}, so forwards work there; {FROM_INSIDE}")
    who = "the Internet sees" if seen.internet else "the router says that it has"
    return Reachability("unknown", f"{who} {address}; {FROM_INSIDE}")


def _held(seen: Evidence) -> bool:
    """Whether the router itself has the address that the Internet sees."""
    return seen.internet is not None and (seen.internet == seen.router or seen.way.outside_at == 1)


def _between(seen: Evidence) -> Reachability | None:
    """The verdict where another machine stands between the router and the Internet."""
    if nat_detection.is_cgnat(seen.router):
        return _cgnat(f"the router's own outside address is {seen.router}, from a range that a provider's homes share")
    if nat_detection.is_private(seen.router):
        return _double(f"the router's own outside address is {seen.router}, that of another private network")
    if _held(seen):
        return None
    if seen.router and seen.internet:  # both are addresses of the Internet, and not the same
        found = _cgnat(f"the router has {seen.router} outside, but the Internet sees {seen.internet}")
        return replace(found, cause=f"{found.cause} {VPN_CAUSE}")
    if nat_detection.is_cgnat(seen.way.second):
        return _cgnat(f"behind the router comes {seen.way.second}, from a range that a provider's homes share")
    if nat_detection.is_private(seen.way.second) and seen.way.outside_at == 2:
        return _double(f"behind the router comes another one, {seen.way.second}, which has {seen.internet} outside")
    return None


def _cgnat(seen: str) -> Reachability:
    cause = "The provider shares one address among many homes (CGNAT). No forward in your router helps against that."
    return Reachability("CGNAT", f"CGNAT: {seen}", cause, (Advice(CGNAT_ADVICE),))


def _double(seen: str) -> Reachability:
    cause = "Two routers stand in a row (double NAT). The forwards of yours end at the one before it."
    return Reachability("double NAT", f"double NAT: {seen}", cause, (Advice(DOUBLE_NAT_ADVICE),))
