"""Which connections are allowed: ports opened in ufw, and the networks that an app may reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.file import File
from piwizard.network import ufw
from piwizard.system.egress_filter import HOME
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
        return Preview(in_sync=False, argv=tuple(_allow(port) for port in closed)) if closed else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        for port in self._closed():
            work.remember("ufw", str(port), {"open": False})
            work.command(_allow(port))

    def _closed(self) -> tuple[int, ...]:
        found = ufw.read_ufw(self.ports)
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
    found = ufw.read_ufw((port,))
    if found is not None:  # also while it is switched off: it keeps its rules
        work.command(("ufw", "delete", "allow", f"{port}/tcp"), allow=range(256))
    return None


@dataclass(frozen=True)
class NetworkAccess(File):
    """The app reaches the Internet alone, or the home network too. `why`: what in the code asks for that."""

    why: str = ""

    @property
    def opens(self) -> bool:
        """Whether the home network is open to the app."""
        return self.content.strip() == HOME

    def describe(self) -> str:
        return f"Network access of {self.path.name}: {'home network and Internet' if self.opens else 'Internet only'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Warn before the home network is opened because of what was found, not because somebody answered so."""
        preview = super().probe(machine, memory)
        if preview.in_sync or not self.opens or not self.why:
            return preview
        warning = (
            f"{self.path.name} gets access to your router and the other devices at home: {self.why}. "
            'If it does not need that, put network = "internet" under [app] in the answers.'
        )
        return replace(preview, diff=f"# {warning}\n{preview.diff}", warnings=(*preview.warnings, warning))
