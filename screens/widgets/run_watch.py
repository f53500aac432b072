"""Follow the events of one run, a few at a time, so that keys are never delayed."""

from __future__ import annotations

import time
from pathlib import Path

from piwizard.engine.run_log import EventReader
from piwizard.screens.widgets.log_builder import LogBuilder
from piwizard.screens.widgets.run_progress import RunProgress

CHUNK_BYTES = 1 << 15
MAX_READ_SECONDS = 0.01
FAR_BEHIND_BYTES = 4 << 20
"""Bytes: more than the log keeps in memory. Output further from the end would be dropped at once."""
SECONDS_TO_GET_LOCK = 10.0
"""Seconds that a run may take to get its lock."""


class RunWatch:
    """The progress and the log of one run."""

    def __init__(self, events_file: Path) -> None:
        self.run = events_file.parent.name
        self.events_file = events_file
        self.progress = RunProgress(self.run)
        self.log = LogBuilder()
        self._reader = EventReader(events_file)
        self._since = time.monotonic()

    def advance(self) -> bool:
        """Read new events for at most MAX_READ_SECONDS; return whether there were any."""
        until = time.monotonic() + MAX_READ_SECONDS
        came = False
        while time.monotonic() < until and (behind := self._reader.behind):
            near = behind < FAR_BEHIND_BYTES
            events = list(self._reader.new(CHUNK_BYTES if near else CHUNK_BYTES * 8, output=near))
            self.progress.take(events)
            self.log.take(events)
            came = True
        return came

    @property
    def caught_up(self) -> bool:
        """Return whether everything written so far has been read."""
        return self._reader.behind == 0

    def ended(self, alive: str | None) -> bool:
        """Return whether the run has ended, or its process is gone.

        `alive` is the run that has the lock.
        """
        if self.progress.result:
            return self.caught_up
        young = self.progress.began is None and time.monotonic() - self._since < SECONDS_TO_GET_LOCK
        return self.caught_up and alive != self.run and not young
