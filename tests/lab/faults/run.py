"""Follow a run on a Pi from this machine: its progress, and its end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from piwizard.sandbox import cgroups
from tests.lab.eventually import eventually
from tests.lab.pi import Pi

COUNTED = {"change-started", "change-finished", "command-started", "command-finished", "file-written", "path-altered"}
LONGEST = 900.0


class Run:
    """A run by its name.

    A background job that it starts is not counted, and ends with it.
    """

    def __init__(self, pi: Pi, name: str) -> None:
        self._pi = pi
        self._record = _records(pi) / name / "events.jsonl"
        self._name = name

    @property
    def come_so_far(self) -> int:
        """Return how many of the counted events it has written."""
        return sum(event["event"] in COUNTED for event in self.events())

    @property
    def result(self) -> str:
        """Return its result as the run log has it; empty without one."""
        return next((str(event["result"]) for event in self.events() if event["event"] == "apply-finished"), "")

    @property
    def last_lines(self) -> str:
        """Return its last error."""
        return next((str(event["message"]) for event in reversed(self.events()) if event["event"] == "error"), "")

    def events(self) -> list[dict[str, Any]]:
        """Return its run log, except a line that is being written."""
        lines = self._record.read_bytes().split(b"\n")[:-1] if self._record.exists() else []
        return [json.loads(line) for line in lines if line.strip(b"\0")]

    def until(self, point: int) -> None:
        """Wait until it has written the event of this number, or has ended."""
        unit = _units(self._pi) / f"piwizard-run-{self._name}.service"
        until = time.monotonic() + LONGEST
        while self.come_so_far < point and unit.exists():
            assert time.monotonic() < until, f"the run never came to event {point}"
            time.sleep(0.002)

    def kill(self) -> None:
        """Kill all of its processes."""
        for unit in _under_way(self._pi):
            (unit / "cgroup.kill").write_text("1")

    def wait(self) -> None:
        """Wait until it has ended."""
        rest(self._pi)

    def wait_at_most(self, seconds: float) -> None:
        """Wait until it has ended, at most this long."""
        with contextlib.suppress(AssertionError):
            rest(self._pi, seconds)


@contextmanager
def next_run(pi: Pi) -> Iterator[Callable[[], Run]]:
    """Return a function that waits for the run that the block starts."""
    before = set(_names(pi))

    def found() -> Run:
        new = sorted(set(_names(pi)) - before)
        assert new, "the run has not started"
        assert (_records(pi) / new[0] / "events.jsonl").exists()
        return Run(pi, new[0])

    yield lambda: eventually(found, 180)


def rest(pi: Pi, longest: float = LONGEST) -> None:
    """Wait until no run is in progress."""

    def none_left() -> None:
        left = [unit.name for unit in _under_way(pi)]
        assert not left, f"still under way: {left}"

    eventually(none_left, longest)


def _records(pi: Pi) -> Path:
    return pi.files / "var/log/piwizard"


def _names(pi: Pi) -> list[str]:
    return [request.parent.name for request in _records(pi).glob("*/request.json")]


def _units(pi: Pi) -> Path:
    (init,) = [group for group in cgroups.process_groups(pi.container.leader) if (group / "cgroup.kill").exists()]
    return init.parent / "system.slice"


def _under_way(pi: Pi) -> list[Path]:
    units = _units(pi)
    return sorted([*units.glob("piwizard-run-*.service"), *units.glob("piwizard-dhparam.service")])
