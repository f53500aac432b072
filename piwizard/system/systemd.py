"""Read the states of systemd units."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from piwizard.system import commands


@dataclass(frozen=True)
class UnitState:
    """The state of a systemd unit.

    `file` is its UnitFileState: "enabled", "disabled", "static", "masked", or "" without a file.
    """

    exists: bool
    file: str
    active: str
    stale: bool
    """The unit file has changed on disk since systemd read it."""
    failing: bool = False
    """The unit failed and waits for its next restart, which takes minutes with some units."""

    @property
    def enabled(self) -> bool:
        return self.file in ("enabled", "static", "alias", "indirect", "generated")

    @property
    def masked(self) -> bool:
        """Return whether an administrator has disabled every way to start it."""
        return self.file in ("masked", "masked-runtime")

    @property
    def running(self) -> bool:
        return self.active in ("active", "activating", "reloading") and not self.failing

    @property
    def failed(self) -> bool:
        """Return whether it failed, so that `systemctl reset-failed` may be needed."""
        return self.active == "failed" or self.failing


PROPERTIES = "Id,LoadState,UnitFileState,ActiveState,SubState,NeedDaemonReload"
MISSING_UNIT = UnitState(exists=False, file="", active="inactive", stale=False)


def parse_states(text: str, names: list[str]) -> dict[str, UnitState]:
    """Parse `systemctl show` output, in the order of the request.

    It has one block of Key=value lines per unit.
    """
    found = {name: MISSING_UNIT for name in names}
    blocks = [block for block in text.strip().split("\n\n") if block]
    for name, block in zip(names, blocks, strict=False):
        fields = dict(line.partition("=")[::2] for line in block.splitlines())
        found[name] = UnitState(
            exists=fields.get("LoadState") not in ("not-found", None),
            file=fields.get("UnitFileState", ""),
            active=fields.get("ActiveState", "inactive"),
            stale=fields.get("NeedDaemonReload") == "yes",
            failing=fields.get("SubState", "").startswith("auto-restart"),
        )
    return found


def read_states(names: Iterable[str]) -> dict[str, UnitState]:
    """Return the states of these units; without systemd, all are missing."""
    wanted = sorted(set(names))
    if not wanted or commands.which("systemctl") is None:
        return {name: MISSING_UNIT for name in wanted}
    result = commands.run(["systemctl", "show", "--property", PROPERTIES, "--", *wanted])
    return parse_states(result.output if result.ok else "", wanted)


def list_active(pattern: str) -> list[str]:
    """Return the names of running or starting units that match a pattern."""
    if commands.which("systemctl") is None:
        return []
    options = ("--plain", "--no-legend", "--state=active,activating")
    result = commands.run(("systemctl", "list-units", *options, "--", pattern))
    return [line.split()[0] for line in result.output.splitlines() if line.strip()] if result.ok else []


def is_loading(name: str, longest: float) -> bool:
    """Return whether a service started less than `longest` seconds ago.

    It may still be loading then.

    One failed start is tolerated: when several workers prepare the same database, all but the first may fail once.
    """
    wanted = "SubState,NRestarts,ExecMainStartTimestampMonotonic"
    shown = commands.run(("systemctl", "show", f"--property={wanted}", name)).output
    said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    began = int(said.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    state, failed = said.get("SubState", ""), int(said.get("NRestarts") or 0)
    if state.startswith("auto-restart"):
        return failed == 0
    return state in ("start", "running") and failed <= 1 and time.clock_gettime(time.CLOCK_MONOTONIC) - began < longest


def is_shutting_down() -> bool:
    """Return whether the machine is shutting down or restarting."""
    if commands.which("systemctl") is None:
        return False
    return commands.run(("systemctl", "is-system-running")).output.strip() == "stopping"
