"""What the preflight checks see on this machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from piwizard.dns import lookup
from piwizard.dns.lookup import LookupResult, Resolvers
from piwizard.dns.points_here import own_addresses
from piwizard.network import public_ip
from piwizard.network.internet_time import ClockReading, read_clock
from piwizard.nginx.tls_settings import WEBROOT
from piwizard.system import checks, facts, files
from piwizard.tls.preflight import Type

PROBE = "piwizard-probe"


@dataclass
class Here:
    """The `World` of this machine."""

    webroot: Path = Path(WEBROOT)
    resolvers: Resolvers | None = None
    _own: dict[int, frozenset[str] | None] = field(default_factory=dict)

    def clock(self) -> ClockReading | None:
        """See the gate's `World`."""
        return read_clock()

    def owner_of_port_80(self) -> str | None:
        """See the gate's `World`."""
        owner = facts.gather().port(80)
        return (owner.program if owner.program == "nginx" else owner.words) if owner else None

    def challenge(self, name: str) -> str | None:
        """See the gate's `World`."""
        folder = self.webroot / ".well-known" / "acme-challenge"
        made = [one for one in (folder, folder.parent) if not one.is_dir()]
        files.make_folders(folder)
        content = files.digest(name.encode())
        try:
            files.replace(folder / PROBE, content.encode())
            answer = checks.get(f"/.well-known/acme-challenge/{PROBE}", host=name)
        finally:
            (folder / PROBE).unlink(missing_ok=True)
            for one in made:
                with suppress(OSError):  # somebody else has put something there meanwhile
                    one.rmdir()
        if answer is None:
            return "nobody answers for the name"
        if answer.status != 200:
            return f"it gives {answer.status}"
        return None if answer.body == content.encode() else "something else answers"

    def look_up(self, name: str, type: Type) -> LookupResult:
        """See the gate's `World`. A home whose router lets no question out to name servers asks its resolver."""
        found = lookup.authoritative(name, type, self.resolvers)
        return found if found.known else lookup.seen(name, type, self.resolvers)

    def own_addresses(self, version: Literal[4, 6]) -> frozenset[str] | None:
        """See the gate's `World`. Over IPv6 no router changes addresses: the machine's own are what counts."""
        if version not in self._own:
            self._own[version] = self._look(version)
        return self._own[version]

    def _look(self, version: Literal[4, 6]) -> frozenset[str] | None:
        interfaces = facts.gather().network.interfaces
        if version == 6 and interfaces is not None:
            return own_addresses(6, interfaces, None)
        seen = public_ip.ask(version).address
        return own_addresses(version, interfaces or (), seen) | {seen} if seen else None
