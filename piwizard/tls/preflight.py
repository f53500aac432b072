"""Find what would fail at Let's Encrypt, before a request is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, Protocol

from piwizard.dns.lookup import LookupResult
from piwizard.dns.points_here import Pointing, compare
from piwizard.network.internet_time import ClockReading, check_clock
from piwizard.system.lazy_dataclass import dataclass

Type = Literal["A", "AAAA", "CAA", "SOA"]
LETSENCRYPT = "letsencrypt.org"
ISSUE = re.compile(r'^\d+ issue "?\s*([^";\s]*)', re.IGNORECASE)


class Probes(Protocol):
    """The measurements that the checks need."""

    def clock(self) -> ClockReading | None:
        """Return the time here and on the Internet; None if no time server answered."""

    def owner_of_port_80(self) -> str | None:
        """Describe the program that listens at port 80; None if there is none."""

    def challenge_problem(self, name: str) -> str | None:
        """Return what is wrong with nginx's answer to a test challenge, if anything."""

    def look_up(self, name: str, type: Type) -> LookupResult:
        """Return the records of a name, from its own name servers."""

    def own_addresses(self, version: Literal[4, 6]) -> frozenset[str] | None:
        """Return the addresses that reach this Pi from the Internet; None if unknown."""


@dataclass(frozen=True)
class PreflightProblem:
    """The reason why a request would fail, or probably would if not `certain`."""

    sentence: str
    hint: str
    key: str | None = None
    certain: bool = True


def find_problem(
    domains: Iterable[str], probes: Probes, *, letsencrypt: bool, zone: str | None = None
) -> PreflightProblem | None:
    """Return the first problem that would make a request fail, else one that may.

    Requests to a name that points elsewhere may still arrive through a proxy or a VPN: only a dry run shows it.
    `letsencrypt`: the server is Let's Encrypt, not another one. With a `zone` (DNS-01), nothing needs to be reachable
    from the Internet.
    """
    names = list(domains)
    if zone is not None:
        forbidden = (_caa(name, probes) for name in names if letsencrypt)
        return _clock(probes) or _zone(zone, probes) or next((one for one in forbidden if one), None)
    troubles = (_port(probes), _clock(probes), *(_local(name, probes) for name in names))
    if found := next((one for one in troubles if one), None):
        return found
    doubt: PreflightProblem | None = None
    for name in names:
        addresses = _addresses(name, probes)
        found = addresses if addresses and addresses.certain else _caa(name, probes) if letsencrypt else None
        if found:
            return found
        doubt = doubt or addresses
    return doubt


def _port(probes: Probes) -> PreflightProblem | None:
    owner = probes.owner_of_port_80()
    if owner == "nginx":
        return None
    if owner is None:
        return PreflightProblem(
            "nginx is not running: no program listens at port 80.", "Run `piwizard apply nginx` to start it."
        )
    return PreflightProblem(
        f"Port 80 is used by {owner}, but nginx must answer there.",
        "Run `piwizard plan system`, which says how to move that program to another port.",
    )


def _clock(probes: Probes) -> PreflightProblem | None:
    reading = probes.clock()
    check = check_clock(reading) if reading else None
    return PreflightProblem(f"The clock is wrong: {check.detail}.", check.advice) if check and not check.ok else None


def _local(name: str, probes: Probes) -> PreflightProblem | None:
    problem = probes.challenge_problem(name)
    if problem is None:
        return None
    return PreflightProblem(
        f"nginx does not answer a test challenge for {name}: {problem}.",
        "`piwizard plan site` shows changes made by hand. Check that no other server block has this domain.",
    )


def _addresses(name: str, probes: Probes) -> PreflightProblem | None:
    four = compare(name, "A", probes.look_up(name, "A"), probes.own_addresses(4))
    six = compare(name, "AAAA", probes.look_up(name, "AAAA"), probes.own_addresses(6))
    if four.verdict == "no answer":
        reason = four.found.reason
        return PreflightProblem(
            f"{name} cannot be looked up: {reason}", "Check this Pi's Internet connection, then try again."
        )
    if not four.found.records and not six.found.records:
        return PreflightProblem(
            f"{name} does not resolve: it has no address.",
            "Create an A record for it at your DNS or DDNS provider, or remove it from site.domains.",
            key="site.domains",
        )
    return _elsewhere(four) or _elsewhere(six)


def _zone(zone: str, probes: Probes) -> PreflightProblem | None:
    found = probes.look_up(zone, "SOA")
    if not found.known:
        return PreflightProblem(
            f"{zone} cannot be looked up: {found.reason}", "Check this Pi's Internet connection, then try again."
        )
    if not found.records:
        return PreflightProblem(
            f"{zone} is not a DNS zone on the Internet.",
            "Check its spelling, and check that your registrar has the name servers of the provider.",
            key="ddns.zone",
        )
    return None


def _elsewhere(pointing: Pointing) -> PreflightProblem | None:
    if not pointing.elsewhere:
        return None
    if pointing.type == "AAAA":
        ours = f"your IPv6 address is {', '.join(pointing.own)}" if pointing.own else "this Pi has no IPv6 address"
        hint = "Let's Encrypt uses IPv6 first. Correct the AAAA record at your DNS provider, or remove it."
    else:
        ours = f"your public IP is {', '.join(pointing.own)}"
        hint = "Correct the A record at your DNS provider. `piwizard apply ddns` keeps it up to date from then on."
    return PreflightProblem(f"{pointing.host} points to {pointing.elsewhere[0]}, but {ours}.", hint, certain=False)


def _caa(name: str, probes: Probes) -> PreflightProblem | None:
    """Check the CAA records of the name, or of the closest parent domain that has some."""
    labels = name.split(".")
    for start in range(len(labels)):
        above = ".".join(labels[start:])
        found = probes.look_up(above, "CAA")
        if found.records:
            allowed = [match[1].lower() for record in found.records if (match := ISSUE.match(record))]
            if allowed and LETSENCRYPT not in allowed:
                return PreflightProblem(
                    f"A CAA record of {above} forbids Let's Encrypt to issue a certificate for {name}.",
                    f'Add a CAA record `0 issue "{LETSENCRYPT}"` at your DNS provider, or remove the existing one.',
                )
            return None
    return None
