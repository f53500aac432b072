"""A systemd unit that neither runs nor starts at boot, as another does its work now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, OwnershipIndex, Preview, Record
from piwizard.system.system_cache import SystemCache
from piwizard.system.systemd import UnitState


@dataclass(frozen=True)
class DisabledUnit:
    """The unit is stopped and disabled, where there is one."""

    kind: ClassVar[str] = "idle"
    name: str

    def describe(self) -> str:
        return f"Disable and stop {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = machine.unit(self.name)
        return Preview(holds=False, argv=(self._argv(),)) if _busy(now) else HOLDS

    def apply(self, work: ApplyContext) -> None:
        now = work.machine.unit(self.name)
        work.remember("idle", self.name, {"enabled": now.enabled, "running": now.running})
        work.command(self._argv())

    def _argv(self) -> tuple[str, ...]:
        return ("systemctl", "disable", "--now", self.name)


def _busy(now: UnitState) -> bool:
    return now.exists and (now.running or now.failing or now.file == "enabled")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Enables and starts it again, where it was so."""
    name, before = record["target"], record["before"]
    now = work.machine.unit(name)
    if not now.exists:
        return None
    if before["enabled"] and not now.enabled:
        work.command(("systemctl", "enable", name))
    if before["running"] and not now.running:
        work.command(("systemctl", "start", name), allow=range(256))
    return None
