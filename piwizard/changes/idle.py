"""A systemd unit that neither runs nor starts at boot, as another does its work now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, Memory, Preview, Record, Work
from piwizard.machine.snapshot import Machine
from piwizard.machine.units import UnitState


@dataclass(frozen=True)
class Idle:
    """The unit is stopped and disabled, where there is one."""

    kind: ClassVar[str] = "idle"
    name: str

    def describe(self) -> str:
        return f"Disable and stop {self.name}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        now = machine.unit(self.name)
        return Preview(holds=False, argv=(self._argv(),)) if _busy(now) else HOLDS

    def apply(self, work: Work) -> None:
        now = work.machine.unit(self.name)
        work.remember("idle", self.name, {"enabled": now.enabled, "running": now.running})
        work.command(self._argv())

    def _argv(self) -> tuple[str, ...]:
        return ("systemctl", "disable", "--now", self.name)


def _busy(now: UnitState) -> bool:
    return now.exists and (now.running or now.failing or now.file == "enabled")


def undo(record: Record, work: Work) -> str | None:
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
