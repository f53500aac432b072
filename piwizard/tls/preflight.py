"""What is looked at before Let's Encrypt is asked at all: each thing that would fail there, found here for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Type = Literal["A", "AAAA", "CAA", "SOA"]
LETSENCRYPT = "letsencrypt.org"
MOST_OFF = timedelta(minutes=30)
ISSUE = re.compile(r'^\d+ issue "?\s*([^";\s]*)', re.IGNORECASE)


class PreflightFacts(Protocol):
    """What a look-up of a name gave: see `piwizard.dns.lookup.Found`."""

    @property
    def known(self) -> bool:
        """Whether anybody answered."""

    @property
    def records(self) -> tuple[str, ...]:
        """As in a zone file."""

    @property
    def reason(self) -> str:
        """Why nobody did."""


class World(Protocol):
    """What can be seen from here."""

    def clocks(self) -> tuple[datetime, datetime] | None:
        """This machine's time and the Internet's at the same moment; None where nobody could be asked."""

    def owner_of_port_80(self) -> str | None:
        """Who listens there, in words; None where nobody does."""

    def challenge(self, name: str) -> str | None:
        """What is wrong with the answer to a challenge that is put in place for a moment."""

    def look_up(self, name: str, type: Type) -> PreflightFacts:
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
    """The first thing that would make it fail. `letsencrypt`: whether it is they who are asked.

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
    seen = world.clocks()
    if seen is None or abs(seen[0] - seen[1]) < MOST_OFF:
        return None
    return PreflightProblem(
        f"The clock is wrong: it says {seen[0]:%Y-%m-%d %H:%M} UTC, and it is {seen[1]:%Y-%m-%d %H:%M}.",
        "`sudo timedatectl set-ntp true` sets it from the Internet; certificates fail with a wrong clock.",
    )


def _local(name: str, world: World) -> PreflightProblem | None:
    wrong = world.challenge(name)
    if wrong is None:
        return None
    return PreflightProblem(
        f"A challenge for {name} is not answered by nginx on this machine: {wrong}.",
        "`piwizard plan site` shows what was altered; another server block may have the name too.",
    )


def _addresses(name: str, world: World) -> PreflightProblem | None:
    four, six = world.look_up(name, "A"), world.look_up(name, "AAAA")
    if not four.known:
        return PreflightProblem(
            f"{name} cannot be looked up: {four.reason}", "Is there a way to the Internet? Try again."
        )
    if not four.records and not six.records:
        return PreflightProblem(
            f"{name} does not resolve: it has no address.",
            "Make an A record for it at your DNS or DDNS provider, or leave the name out of site.domains.",
            key="site.domains",
        )
    return _elsewhere(name, "A", four, world.own_addresses(4)) or _elsewhere(name, "AAAA", six, world.own_addresses(6))


def _zone(zone: str, world: World) -> PreflightProblem | None:
    found = world.look_up(zone, "SOA")
    if not found.known:
        return PreflightProblem(
            f"{zone} cannot be looked up: {found.reason}", "Is there a way to the Internet? Try again."
        )
    if not found.records:
        return PreflightProblem(
            f"{zone} is no zone that the Internet knows of.",
            "Is it spelled right, and has its registrar been given the provider's name servers?",
            key="ddns.zone",
        )
    return None


def _elsewhere(
    name: str, type: Literal["A", "AAAA"], found: PreflightFacts, own: frozenset[str] | None
) -> PreflightProblem | None:
    if own is None or not found.records:
        return None
    strange = [address for address in found.records if address not in own]
    if not strange:
        return None
    here = f"this home is at {', '.join(sorted(own))}" if own else "this home has no such address"
    if type == "AAAA":
        hint = "Let's Encrypt goes by it first. Correct it at your DNS provider, or take it away."
    else:
        hint = "Correct it at your DNS provider; `piwizard apply ddns` keeps it right from then on."
    return PreflightProblem(f"{name} leads elsewhere: its {type} record says {strange[0]}, and {here}.", hint)


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
