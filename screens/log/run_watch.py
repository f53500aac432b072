"""Follow the events of one run, a little at a time, so that keys are answered in between."""

from __future__ import annotations

import time
from pathlib import Path

from piwizard.engine.run_log import EventReader
from piwizard.screens.log.log_builder import LogBuilder
from piwizard.screens.log.run_progress import RunProgress

CHUNK = 1 << 15
SECONDS_AT_A_TIME = 0.01
FAR_BEHIND = 4 << 20
"""Bytes: more than the log keeps in memory. Output further from the end would be dropped at once."""
PATIENCE = 10.0
"""Seconds that a run may take to get its lock."""


class RunWatch:
    """The progress and the log of one run."""

    def __init__(self, record: Path) -> None:
        self.run = record.parent.name
        self.record = record
        self.progress = RunProgress(self.run)
        self.log = LogBuilder()
        self._reader = EventReader(record)
        self._since = time.monotonic()

    def advance(self) -> bool:
        """Read new events for at most a hundredth of a second; return whether there were any."""
        until = time.monotonic() + SECONDS_AT_A_TIME
        came = False
        while time.monotonic() < until and (behind := self._reader.behind):
            near = behind < FAR_BEHIND
            events = list(self._reader.new(CHUNK if near else CHUNK * 8, output=near))
            self.progress.take(events)
            self.log.take(events)
            came = True
        return came

    @property
    def caught_up(self) -> bool:
        """Whether everything written so far has been read."""
        return self._reader.behind == 0

    def ended(self, alive: str | None) -> bool:
        """Return whether the run has ended, or its process is gone. `alive` is the run that holds the lock."""
        if self.progress.result:
            return self.caught_up
        young = self.progress.began is None and time.monotonic() - self._since < PATIENCE
        return self.caught_up and alive != self.run and not young
