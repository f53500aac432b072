"""Follow the current run, and the one whose log is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.widgets.run_watch import RunWatch
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.run_progress import StepKey


@dataclass(frozen=True)
class MonitorUpdate:
    """The result of a poll: the growth of the shown log, and a run that has ended."""

    grown: bool = False
    ended: RunWatch | None = None


class RunMonitor:
    """Reads the events of runs several times a second; every read is short."""

    def __init__(self, service: ScreenService) -> None:
        self._service = service
        self.live: RunWatch | None = None
        self.shown: RunWatch | None = None
        self._ended: set[str] = set()

    def started(self, run: str) -> RunWatch:
        """Follow a run that has just been started, and show it."""
        self.live = self.shown = watch = self._watch(run)
        return watch

    def show(self, step: StepKey, last_run: str | None) -> RunWatch | None:
        """Choose the log to show for a step.

        It is that of the current run if it includes the step, else that of `last_run`.
        """
        if self.live is not None and (step in self.live.progress.steps or not self.live.progress.steps):
            self.shown = self.live
        else:
            self.shown = self._watch(last_run) if last_run else None
        return self.shown

    def _watch(self, run: str) -> RunWatch:
        """Return the watch that follows a run already, or a new one."""
        for one in (self.live, self.shown):
            if one is not None and one.run == run:
                return one
        return RunWatch(self._service.events_file(run))

    def poll(self) -> MonitorUpdate:
        """Read new events for a short time; notice runs that start or end."""
        alive = self._service.under_way()
        self.live = self._found(self.live, alive)
        grown = False
        for one in {id(one): one for one in (self.live, self.shown) if one is not None}.values():
            came = one.advance()
            grown = grown or (came and one is self.shown)
        if self.live is not None and self.live.ended(alive):
            ended, self.live = self.live, None
            self._ended.add(ended.run)
            return MonitorUpdate(grown, ended)
        return MonitorUpdate(grown)

    def _found(self, watch: RunWatch | None, run: str | None) -> RunWatch | None:
        new = run and run not in self._ended and (watch is None or watch.run != run)
        return self._watch(run) if run and new else watch
