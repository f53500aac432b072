"""A systemd unit that is enabled and running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from piwizard.changes.base import HOLDS, Memory, Preview, Record, Work
from piwizard.machine.snapshot import Machine
from piwizard.machine.units import UnitState


@dataclass(frozen=True)
class Unit:
    """The unit is enabled at boot and runs now."""

    kind: ClassVar[str] = "unit"
    name: str

    def describe(self) -> str:
        return f"Enable and start {self.name}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        commands = self._commands(machine.unit(self.name))
        return Preview(holds=False, argv=commands) if commands else HOLDS

    def apply(self, work: Work) -> None:
        now = work.machine.unit(self.name)
        work.remember("unit", self.name, {"existed": now.exists, "enabled": now.enabled, "running": now.running})
        for argv in self._commands(now):
            result = work.command(argv, allow=range(256))
            if not result.ok:
                _explain(self.name, work)

    def _commands(self, now: UnitState) -> tuple[tuple[str, ...], ...]:
        needed: list[tuple[str, ...]] = []
        if now.stale:
            needed.append(("systemctl", "daemon-reload"))
        if not now.enabled:
            needed.append(("systemctl", "enable", self.name))
        if now.active == "failed":
            needed.append(("systemctl", "reset-failed", self.name))
        if not now.running:
            needed.append(("systemctl", "start", self.name))
        return tuple(needed)


def _explain(name: str, work: Work) -> None:
    """Puts the unit's own last words into the record, then fails."""
    work.command(("systemctl", "--no-pager", "--full", "status", name), allow=range(256))
    work.command(("journalctl", "--no-pager", "--lines=20", "--unit", name), allow=range(256))
    work.command(("systemctl", "is-active", name))


def undo(record: Record, work: Work) -> str | None:
    """Disables and stops what piwizard enabled and started."""
    name, before = record["target"], record["before"]
    now = work.machine.unit(name)
    if not now.exists:
        return None
    if now.running and not before["running"]:
        work.command(("systemctl", "stop", name))
    if now.enabled and not before["enabled"]:
        work.command(("systemctl", "disable", name))
    return None
