"""Keep services stopped for a moment, while visitors wait at their sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from piwizard.changes.base import ApplyContext
from piwizard.system.held_service import HeldService


class PausedServices:
    """Services that are stopped and cannot start, until they are released.

    Those that ran start again then, or as soon as this process ends.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        self._held = {name: HeldService(name) for name in services}

    def stop(self, work: ApplyContext) -> None:
        """Stop the services; those that ran wait until they may start."""
        states = {name: work.machine.unit(name) for name in self._held}
        there = [name for name, held in self._held.items() if not held.held and states[name].exists]
        if not there:
            return
        for name in there:
            self._held[name].hold()
        work.command(("systemctl", "daemon-reload"))
        work.command(("systemctl", "reset-failed", *there), allow=range(256))
        work.command(("systemctl", "stop", *there))
        if ran := [name for name in there if states[name].running or states[name].failing]:
            work.command(("systemctl", "start", "--no-block", *ran))

    def let_start(self, work: ApplyContext) -> None:
        """Allow the services to start."""
        released = [held.release() for held in self._held.values()]
        if any(released):
            work.command(("systemctl", "daemon-reload"))

    @contextmanager
    def stopped(self, work: ApplyContext) -> Iterator[None]:
        """Keep the services stopped inside the block."""
        self.stop(work)
        try:
            yield
        finally:
            self.let_start(work)
