"""Ports that ufw lets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.network import ufw
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class OpenPorts:
    """An active ufw lets these TCP ports in. Rules that turn them away on purpose are not overridden."""

    kind: ClassVar[str] = "ufw"
    ports: tuple[int, ...]

    def describe(self) -> str:
        return f"Open ports {' and '.join(map(str, self.ports))} in ufw"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        closed = self._closed()
        return Preview(holds=False, argv=tuple(_allow(port) for port in closed)) if closed else HOLDS

    def apply(self, work: ApplyContext) -> None:
        for port in self._closed():
            work.remember("ufw", str(port), {"open": False})
            work.command(_allow(port))

    def _closed(self) -> tuple[int, ...]:
        found = ufw.look(self.ports)
        if found is None or not found.active:
            return ()
        if found.refused:
            port = found.refused[0]
            raise ChangeFailed(
                f"A rule of ufw turns visitors away from port {port}, so it was left as it is.",
                hint=f"`sudo ufw status numbered` shows it, `sudo ufw delete NUMBER` removes it; or `sudo ufw allow "
                f"{port}/tcp` makes it the other way round. Then apply again.",
            )
        return found.closed


def _allow(port: int) -> tuple[str, ...]:
    return ("ufw", "allow", f"{port}/tcp")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Closes a port that piwizard opened."""
    port = int(record["target"])
    found = ufw.look((port,))
    if found is not None:  # also while it is switched off: it keeps its rules
        work.command(("ufw", "delete", "allow", f"{port}/tcp"), allow=range(256))
    return None
