"""Systemd units: enabled and running, or stopped and disabled."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.changes.transaction import Argv, require_valid
from piwizard.system import dpkg_ownership, files
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache
from piwizard.system.systemd import UnitState

OWN, SET_AT_RUN_TIME = Path("/etc/systemd/system"), Path("/run/systemd/system.control")
"""Units that belong to no package, and settings of units that last until the next reboot."""


@dataclass(frozen=True)
class RunningUnit:
    """The unit is enabled at boot and runs.

    Before it starts, the command `validate` must accept its configuration.
    """

    kind: ClassVar[str] = "unit"
    name: str
    validate: Argv | None = None

    def describe(self) -> str:
        return f"Enable and start {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        commands = self._commands(machine.unit(self.name))
        return Preview(in_sync=False, argv=commands) if commands else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        now = work.machine.unit(self.name)
        before = {"existed": now.exists, "enabled": now.enabled, "running": now.running, "masked": now.masked}
        work.remember("unit", self.name, before)
        for argv in self._commands(now):
            if argv == self.validate:
                require_valid(argv, work, hint=f"{self.name} cannot start. Fix what the line names, then apply again.")
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
            if self.validate:
                needed.append(self.validate)
            # systemd does not start a unit that waits for its next automatic restart; it only restarts it.
            needed.append(("systemctl", "restart" if now.failing else "start", self.name))
        return tuple(needed)


def _failed(name: str, argv: tuple[str, ...], result: Result, work: ApplyContext) -> ChangeFailed:
    """Log the last lines of the unit. Return the error with systemd's own message."""
    work.command(("systemctl", "--no-pager", "--full", "status", name), allow=range(5))
    work.command(("journalctl", "--no-pager", "--lines=20", "--unit", name), allow=range(256))
    words = next((line.strip() for line in result.tail if line.strip()), f"exit code {result.exit}")
    return ChangeFailed(f"`{' '.join(argv)}` failed: {words}", hint=f"`journalctl -u {name}` shows why.")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Disable and stop the unit, unless it was enabled or running before piwizard."""
    name, before = record["target"], record["before"]
    now = work.machine.unit(name)
    if not now.exists:
        return None
    used = dpkg_ownership.find_user_files(before.get("packages", ()))
    if used:
        return f"{name} keeps running: {next(iter(used.values()))} does not belong to piwizard."
    if (now.running or now.failing) and not before["running"]:
        work.command(("systemctl", "stop", name))
    if now.enabled and not before["enabled"]:
        work.command(("systemctl", "disable", name))
    if before.get("masked") and not now.masked:
        work.command(("systemctl", "mask", name))
    if (OWN / name).is_file() and not before["enabled"]:
        files.remove(SET_AT_RUN_TIME / f"{name}.d")  # written by the program that allows the name servers
    return None


@dataclass(frozen=True)
class DisabledUnit:
    """The unit is stopped and disabled, if it exists."""

    kind: ClassVar[str] = "idle"
    name: str

    def describe(self) -> str:
        return f"Disable and stop {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = machine.unit(self.name)
        return Preview(in_sync=False, argv=(self._argv(),)) if _busy(now) else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        now = work.machine.unit(self.name)
        work.remember("idle", self.name, {"enabled": now.enabled, "running": now.running})
        work.command(self._argv())
        if (OWN / self.name).is_file():
            files.remove(SET_AT_RUN_TIME / f"{self.name}.d")

    def _argv(self) -> tuple[str, ...]:
        return ("systemctl", "disable", "--now", self.name)


def _busy(now: UnitState) -> bool:
    return now.exists and (now.running or now.failing or now.file == "enabled")


def undo_disabled(record: Record, work: ApplyContext) -> str | None:
    """Enable and start the unit again, if it was enabled or running before piwizard."""
    name, before = record["target"], record["before"]
    now = work.machine.unit(name)
    if not now.exists:
        return None
    if before["enabled"] and not now.enabled:
        work.command(("systemctl", "enable", name))
    if before["running"] and not now.running:
        work.command(("systemctl", "start", name), allow=range(256))
    return None
