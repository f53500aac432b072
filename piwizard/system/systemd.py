"""Read the states of systemd units, and when timers run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass


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
    queued: bool = False
    """A job of systemd for it is not finished: it starts, stops, or waits until it may."""

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


PROPERTIES = "Id,LoadState,UnitFileState,ActiveState,SubState,NeedDaemonReload,Job"
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
            queued=fields.get("Job", "0") not in ("0", ""),
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


@dataclass(frozen=True)
class ServiceRun:
    """The time that a service has been running, and how often it was restarted."""

    sub_state: str
    restarts: int
    active_seconds: float

    @property
    def waiting(self) -> bool:
        """Return whether it failed and waits for its next restart."""
        return self.sub_state.startswith("auto-restart")

    @property
    def running(self) -> bool:
        return self.sub_state in ("running", "start")


def parse_service_run(text: str, now: float) -> ServiceRun:
    """Parse `systemctl show` output; `now` is the time of the monotonic clock."""
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    since = int(said.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    active = said.get("SubState", "") == "running"
    return ServiceRun(said.get("SubState", ""), int(said.get("NRestarts") or 0), now - since if active else 0.0)


def read_service_run(name: str) -> ServiceRun:
    """Return how long a service has been running."""
    wanted = "SubState,NRestarts,ActiveEnterTimestampMonotonic"
    shown = commands.run(("systemctl", "show", f"--property={wanted}", name)).output
    return parse_service_run(shown, time.clock_gettime(time.CLOCK_MONOTONIC))


MIN_STABLE_SECONDS, MAX_STABLE_SECONDS, RESTARTED_STABLE_SECONDS = 3.0, 60.0, 15.0
"""How long a service must run to count as stable; longer if it was restarted before."""
CHECKED_STABLE_SECONDS = 10.0
"""As MAX_STABLE_SECONDS, for a service that was watched already when it was started."""
KNOWN_STABLE_SECONDS = 1.0
"""How long a service is watched whose code has served before and has just passed its smoke test again."""
CRASH_RESTARTS = 2
MAX_WATCH_SECONDS = 180.0


def find_crash_loop(
    name: str,
    longest: float = MAX_STABLE_SECONDS,
    read: Callable[[str], ServiceRun] = read_service_run,
    *,
    known: bool = False,
) -> int:
    """Return how often a service that does not stay up was restarted; 0 if it does.

    A service that has just started is watched until it has run half as long again as it needed until now, and a few
    seconds at least: by then its other workers have loaded the app too. After `longest` seconds it counts as stable in
    any case. One restart is tolerated, as in `is_loading`. `known`: watch it for KNOWN_STABLE_SECONDS only.
    """
    now = first = read(name)
    loaded = first.active_seconds
    wanted = min(longest, loaded + KNOWN_STABLE_SECONDS if known else loaded * 1.5 + MIN_STABLE_SECONDS)
    until = time.monotonic() + MAX_WATCH_SECONDS
    while now.running or now.waiting:
        many = now.restarts >= CRASH_RESTARTS
        if many and (now.waiting or now.restarts > first.restarts or time.monotonic() > until):
            return now.restarts
        stable = max(wanted, RESTARTED_STABLE_SECONDS) if many else wanted
        if (now.running and now.active_seconds >= stable) or time.monotonic() > until:
            return 0
        time.sleep(0.1)
        now = read(name)
    return 0


def is_shutting_down() -> bool:
    """Return whether the machine is shutting down or restarting."""
    if commands.which("systemctl") is None:
        return False
    return commands.run(("systemctl", "is-system-running")).output.strip() == "stopping"


def next_run(timer: str) -> str:
    """Return when a timer next elapses, in ISO 8601; "" if it does not."""
    argv = ("systemctl", "show", timer, "--property=NextElapseUSecRealtime", "--value", "--timestamp=unix")
    result = commands.run(argv)
    seconds = result.output.strip().removeprefix("@")
    if not result.ok or not seconds.isdecimal():
        return ""
    with suppress(OverflowError, OSError, ValueError):  # "infinity" and times beyond the calendar
        return datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds")
    return ""
