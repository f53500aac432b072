"""A systemd unit that is enabled and running."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.validate import Argv, ask
from piwizard.system import dpkg_ownership, files
from piwizard.system.commands import Result
from piwizard.system.system_cache import SystemCache
from piwizard.system.systemd import UnitState

OWN, SET_AT_RUN_TIME = Path("/etc/systemd/system"), Path("/run/systemd/system.control")
"""Units that no package brought; settings of units until the next reboot."""


@dataclass(frozen=True)
class RunningUnit:
    """The unit is enabled at boot and runs now. Before it is started, a `guard` must accept its configuration."""

    kind: ClassVar[str] = "unit"
    name: str
    guard: Argv | None = None

    def describe(self) -> str:
        return f"Enable and start {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        commands = self._commands(machine.unit(self.name))
        return Preview(holds=False, argv=commands) if commands else HOLDS

    def apply(self, work: ApplyContext) -> None:
        now = work.machine.unit(self.name)
        before = {"existed": now.exists, "enabled": now.enabled, "running": now.running, "masked": now.masked}
        work.remember("unit", self.name, before)
        for argv in self._commands(now):
            if argv == self.guard:
                ask(argv, work, hint=f"{self.name} cannot start so. Mend what the line names, then apply again.")
                continue
            result = work.command(argv, allow=range(256))
            if not result.ok:
                raise _failed(self.name, argv, result, work)

    def _commands(self, now: UnitState) -> tuple[tuple[str, ...], ...]:
        needed: list[tuple[str, ...]] = []
        if now.stale:
            needed.append(("systemctl", "daemon-reload"))
        if now.masked:
            needed.append(("systemctl", "unmask", self.name))
        if not now.enabled:
            needed.append(("systemctl", "enable", self.name))
        if now.failed:
            needed.append(("systemctl", "reset-failed", self.name))
        if not now.running:
            if self.guard:
                needed.append(self.guard)
            # One that waits for its next try is not to be started, systemd says; only to be started again.
            needed.append(("systemctl", "restart" if now.failing else "start", self.name))
        return tuple(needed)


def _failed(name: str, argv: tuple[str, ...], result: Result, work: ApplyContext) -> ChangeFailed:
    """Puts the unit's own last words into the record; the error has systemd's."""
    work.command(("systemctl", "--no-pager", "--full", "status", name), allow=range(5))
    work.command(("journalctl", "--no-pager", "--lines=20", "--unit", name), allow=range(256))
    words = next((line.strip() for line in result.tail if line.strip()), f"exit code {result.exit}")
    return ChangeFailed(f"`{' '.join(argv)}` failed: {words}", hint=f"`journalctl -u {name}` says why.")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Disables and stops what piwizard enabled and started."""
    name, before = record["target"], record["before"]
    now = work.machine.unit(name)
    if not now.exists:
        return None
    used = dpkg_ownership.of_a_person(before.get("packages", ()))
    if used:
        return f"{name} goes on: {next(iter(used.values()))} is not piwizard's."
    if (now.running or now.failing) and not before["running"]:
        work.command(("systemctl", "stop", name))
    if now.enabled and not before["enabled"]:
        work.command(("systemctl", "disable", name))
    if before.get("masked") and not now.masked:
        work.command(("systemctl", "mask", name))
    if (OWN / name).is_file() and not before["enabled"]:
        files.remove(SET_AT_RUN_TIME / f"{name}.d")  # by the program that lets the name servers in
    return None
