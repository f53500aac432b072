"""Which runs are watched: the one under way, and the one whose log is shown."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.screens.log.run_watch import RunWatch
from piwizard.screens.screen_service import ScreenService


@dataclass(frozen=True)
class Glance:
    """What a look at the records brought."""

    grown: bool = False
    ended: RunWatch | None = None


class RunMonitor:
    """Looked at several times a second; every look is short."""

    def __init__(self, backend: ScreenService) -> None:
        self._backend = backend
        self.live: RunWatch | None = None
        self.shown: RunWatch | None = None
        self._ended: set[str] = set()

    def started(self, run: str) -> None:
        """A run was started, or found."""
        self.live = self.watch(run)

    def watch(self, run: str) -> RunWatch:
        """The watch over a run: the one there is, or a new one."""
        for one in (self.live, self.shown):
            if one is not None and one.run == run:
                return one
        return RunWatch(self._backend.record(run))

    def glance(self) -> Glance:
        """Reads on, for a few hundredths of a second; notices runs that others start, and ends."""
        alive = self._backend.under_way()
        self.live = self._found(self.live, alive)
        grown = False
        for one in {id(one): one for one in (self.live, self.shown) if one is not None}.values():
            came = one.advance()
            grown = grown or (came and one is self.shown)
        if self.live is not None and self.live.ended(alive):
            ended, self.live = self.live, None
            self._ended.add(ended.run)
            return Glance(grown, ended)
        return Glance(grown)

    def _found(self, watch: RunWatch | None, run: str | None) -> RunWatch | None:
        new = run and run not in self._ended and (watch is None or watch.run != run)
        return self.watch(run) if run and new else watch
