"""Preflight checks: what would fail at Let's Encrypt, found before it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from piwizard.dns.lookup import LookupResult
from piwizard.dns.points_here import Pointing, compare
from piwizard.network.internet_time import ClockReading, check_clock

Type = Literal["A", "AAAA", "CAA", "SOA"]
LETSENCRYPT = "letsencrypt.org"
ISSUE = re.compile(r'^\d+ issue "?\s*([^";\s]*)', re.IGNORECASE)


class World(Protocol):
    """What the preflight checks need to see."""

    def clock(self) -> ClockReading | None:
        """This machine's time and the Internet's; None where no server answered."""

    def owner_of_port_80(self) -> str | None:
        """Who listens there, in words; None where nobody does."""

    def challenge(self, name: str) -> str | None:
        """What is wrong with the answer to a challenge that is put in place for a moment."""

    def look_up(self, name: str, type: Type) -> LookupResult:
        """The records of a name, from its own name servers."""

    def own_addresses(self, version: Literal[4, 6]) -> frozenset[str] | None:
        """The addresses by which the Internet reaches this home; None where that is not known."""


@dataclass(frozen=True)
class PreflightProblem:
    """Why there is no use in asking for a certificate yet."""

    sentence: str
    hint: str
    key: str | None = None


def first_trouble(
    domains: Iterable[str], world: World, *, letsencrypt: bool, zone: str | None = None
) -> PreflightProblem | None:
    """Return the first problem that would make it fail. `letsencrypt`: Let's Encrypt is asked.

    With a `zone`, in which a record shows that the names are the person's, nobody has to come in from the Internet.
    """
    names = list(domains)
    if zone is not None:
        forbidden = (_caa(name, world) for name in names if letsencrypt)
        return _clock(world) or _zone(zone, world) or next((one for one in forbidden if one), None)
    troubles = (_port(world), _clock(world), *(_local(name, world) for name in names))
    if found := next((one for one in troubles if one), None):
        return found
    for name in names:
        if found := _addresses(name, world) or (_caa(name, world) if letsencrypt else None):
            return found
    return None


def _port(world: World) -> PreflightProblem | None:
    owner = world.owner_of_port_80()
    if owner == "nginx":
        return None
    if owner is None:
        return PreflightProblem("nginx does not run: nobody answers at port 80.", "`piwizard apply nginx` starts it.")
    return PreflightProblem(
        f"Port 80 belongs to {owner}, and challenges have to reach nginx.", "Stop it, then apply again."
    )


def _clock(world: World) -> PreflightProblem | None:
    reading = world.clock()
    check = check_clock(reading) if reading else None
    return PreflightProblem(f"The clock is wrong: {check.detail}.", check.advice) if check and not check.ok else None


def _local(name: str, world: World) -> PreflightProblem | None:
    wrong = world.challenge(name)
    if wrong is None:
        return None
    return PreflightProblem(
        f"A challenge for {name} is not answered by nginx on this machine: {wrong}.",
        "`piwizard plan site` shows what was altered; another server block may have the name too.",
    )


def _addresses(name: str, world: World) -> PreflightProblem | None:
    four = compare(name, "A", world.look_up(name, "A"), world.own_addresses(4))
    six = compare(name, "AAAA", world.look_up(name, "AAAA"), world.own_addresses(6))
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


def _zone(zone: str, world: World) -> PreflightProblem | None:
    found = world.look_up(zone, "SOA")
    if not found.known:
        return PreflightProblem(
            f"{zone} cannot be looked up: {found.reason}", "Check this Pi's Internet connection, then try again."
        )
    if not found.records:
        return PreflightProblem(
            f"{zone} is no zone that the Internet knows of.",
            "Is it spelled right, and has its registrar been given the provider's name servers?",
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
    return PreflightProblem(f"{pointing.host} points to {pointing.elsewhere[0]}, but {ours}.", hint)


def _caa(name: str, world: World) -> PreflightProblem | None:
    """The records of the name, or of the nearest name above that has some."""
    labels = name.split(".")
    for start in range(len(labels)):
        above = ".".join(labels[start:])
        found = world.look_up(above, "CAA")
        if found.records:
            allowed = [match[1].lower() for record in found.records if (match := ISSUE.match(record))]
            if allowed and LETSENCRYPT not in allowed:
                return PreflightProblem(
                    f"A CAA record of {above} forbids Let's Encrypt to certify {name}.",
                    f'Add `0 issue "{LETSENCRYPT}"` at your DNS provider, or take away the one that is there.',
                )
            return None
    return None
