"""What systemd says of units, asked once for many."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from piwizard.system import commands


@dataclass(frozen=True)
class UnitState:
    """`file` is systemd's UnitFileState ("enabled", "disabled", "static", "masked", "" where there is no file)."""

    exists: bool
    file: str
    active: str
    stale: bool
    """The unit's file has changed on disk since systemd read it."""
    failing: bool = False
    """It has ended in a failure, and waits until it is started anew: minutes, with some units."""

    @property
    def enabled(self) -> bool:
        return self.file in ("enabled", "static", "alias", "indirect", "generated")

    @property
    def masked(self) -> bool:
        """Somebody has seen to it that it cannot be started at all."""
        return self.file in ("masked", "masked-runtime")

    @property
    def running(self) -> bool:
        return self.active in ("active", "activating", "reloading") and not self.failing

    @property
    def failed(self) -> bool:
        """Until its failures are forgotten, systemd may refuse to start it once more."""
        return self.active == "failed" or self.failing


PROPERTIES = "Id,LoadState,UnitFileState,ActiveState,SubState,NeedDaemonReload"
NOT_THERE = UnitState(exists=False, file="", active="inactive", stale=False)


def parse(text: str, names: list[str]) -> dict[str, UnitState]:
    """Reads `systemctl show` with one block of Key=value lines a unit, in the order asked for."""
    found = {name: NOT_THERE for name in names}
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


def ask(names: Iterable[str]) -> dict[str, UnitState]:
    """The states of these units; where systemd does not run, none of them is there."""
    wanted = sorted(set(names))
    if not wanted or commands.which("systemctl") is None:
        return {name: NOT_THERE for name in wanted}
    result = commands.run(["systemctl", "show", "--property", PROPERTIES, "--", *wanted])
    return parse(result.output if result.ok else "", wanted)


def active(pattern: str) -> list[str]:
    """Return the names of the units that match a pattern of systemd's and run, or are about to."""
    if commands.which("systemctl") is None:
        return []
    options = ("--plain", "--no-legend", "--state=active,activating")
    result = commands.run(("systemctl", "list-units", *options, "--", pattern))
    return [line.split()[0] for line in result.output.splitlines() if line.strip()] if result.ok else []


def loading(name: str, longest: float) -> bool:
    """Whether a service runs since less than `longest` seconds: it may still be loading.

    One failed start is forgiven: where several workers prepare the same database, all but the first may stumble, once.
    """
    wanted = "SubState,NRestarts,ExecMainStartTimestampMonotonic"
    shown = commands.run(("systemctl", "show", f"--property={wanted}", name)).output
    said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    began = int(said.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    state, failed = said.get("SubState", ""), int(said.get("NRestarts") or 0)
    if state.startswith("auto-restart"):
        return failed == 0
    return state in ("start", "running") and failed <= 1 and time.clock_gettime(time.CLOCK_MONOTONIC) - began < longest


def shutting_down() -> bool:
    """Whether the machine is on its way down, to be switched off or to boot again."""
    if commands.which("systemctl") is None:
        return False
    return commands.run(("systemctl", "is-system-running")).output.strip() == "stopping"
