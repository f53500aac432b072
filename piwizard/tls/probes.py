"""Measure what the preflight checks need on this machine."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from piwizard.dns import lookup
from piwizard.dns.lookup import LookupResult, Resolvers
from piwizard.dns.points_here import own_addresses
from piwizard.network import public_ip
from piwizard.network.internet_time import ClockReading, read_clock
from piwizard.nginx.challenge_file import published_challenge
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import checks, facts, files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls.preflight import Type

PROBE = "piwizard-probe"


@dataclass
class SystemProbes:
    """The Probes of this machine."""

    webroot: Path = Path(WEBROOT)
    resolvers: Resolvers | None = None
    _own: dict[int, frozenset[str] | None] = field(default_factory=dict)

    def clock(self) -> ClockReading | None:
        """See Probes."""
        return read_clock()

    def owner_of_port_80(self) -> str | None:
        """See Probes."""
        owner = facts.gather().port(80)
        return (owner.program if owner.program == "nginx" else owner.words) if owner else None

    def challenge_problem(self, name: str) -> str | None:
        """See Probes."""
        content = files.digest(name.encode())
        with published_challenge(PROBE, content, self.webroot) as path:
            answer = checks.get_page(path, host=name)
        if answer is None:
            return "no server answers for the domain"
        if answer.status != 200:
            return f"it returns {answer.status}"
        return None if answer.body == content.encode() else "the answer has other content"

    def look_up(self, name: str, type: Type) -> LookupResult:
        """See Probes. Ask a resolver if the network blocks other name servers."""
        found = lookup.ask_name_servers(name, type, self.resolvers)
        return found if found.known else lookup.ask_resolvers(name, type, self.resolvers)

    def own_addresses(self, version: Literal[4, 6]) -> frozenset[str] | None:
        """See Probes. IPv6 has no NAT, so the addresses of the interfaces count."""
        if version not in self._own:
            self._own[version] = self._find_addresses(version)
        return self._own[version]

    def _find_addresses(self, version: Literal[4, 6]) -> frozenset[str] | None:
        interfaces = facts.gather().network.interfaces
        if version == 6 and interfaces is not None:
            return own_addresses(6, interfaces, None)
        seen = public_ip.find_public_ip(version).address
        return own_addresses(version, interfaces or (), seen) | {seen} if seen else None
