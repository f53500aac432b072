"""Allow connections: ports in ufw, and the networks that an app may reach."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.file import File
from piwizard.network import ufw
from piwizard.system.egress_filter import HOME
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class OpenPorts:
    """ufw, if it is active, allows these TCP ports.

    Rules that deny them on purpose are not overridden.
    """

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
                f"A ufw rule denies port {port} to visitors; it was not changed.",
                hint="`sudo ufw status numbered` shows the rule. Remove it with `sudo ufw delete NUMBER`, or allow the "
                f"port with `sudo ufw allow {port}/tcp`. Then apply again.",
            )
        return found.closed


def _allow(port: int) -> tuple[str, ...]:
    return ("ufw", "allow", f"{port}/tcp")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Close a port that piwizard opened."""
    port = int(record["target"])
    found = ufw.read_ufw((port,))
    if found is not None:  # even while ufw is disabled: it keeps its rules
        work.command(("ufw", "delete", "allow", f"{port}/tcp"), allow=range(256))
    return None


@dataclass(frozen=True)
class NetworkAccess(File):
    """The app may reach only the Internet, or the home network too.

    `why` is the reason found in the code.
    """

    why: str = ""

    @property
    def opens(self) -> bool:
        """Check whether the app may reach the home network."""
        return self.content.strip() == HOME

    def describe(self) -> str:
        return f"Network access of {self.path.name}: {'home network and Internet' if self.opens else 'Internet only'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        """Warn if the home network is opened because of the code.

        There is no warning if an answer opens it.
        """
        preview = super().probe(machine, memory)
        if preview.in_sync or not self.opens or not self.why:
            return preview
        warning = (
            f"{self.path.name} gets access to your router and the other devices at home: {self.why}. "
            'If it does not need that, put network = "internet" under [app] in the answers.'
        )
        return replace(preview, diff=f"# {warning}\n{preview.diff}", warnings=(*preview.warnings, warning))
