"""Follows the record of one run, a little at a time, so that keys are answered in between."""

from __future__ import annotations

import time
from pathlib import Path

from piwizard.engine.run_log import EventReader
from piwizard.screens.log.log_builder import LogBuilder
from piwizard.screens.log.run_progress import RunProgress

CHUNK = 1 << 15
SECONDS_AT_A_TIME = 0.01
FAR_BEHIND = 4 << 20
"""Bytes: more than the log keeps in memory. Output so far from the end would be thrown away at once."""
PATIENCE = 10.0
"""Seconds that a run may take to hold its lock."""


class RunWatch:
    """One run as it is seen: its progress and its log."""

    def __init__(self, record: Path) -> None:
        self.run = record.parent.name
        self.record = record
        self.progress = RunProgress(self.run)
        self.log = LogBuilder()
        self._reader = EventReader(record)
        self._since = time.monotonic()

    def advance(self) -> bool:
        """Takes in what came, for no longer than a hundredth of a second; whether there was anything."""
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
        """Whether everything written so far was read."""
        return self._reader.behind == 0

    def ended(self, alive: str | None) -> bool:
        """Whether the run has ended, or its process is gone without a word."""
        if self.progress.result:
            return self.caught_up
        young = self.progress.began is None and time.monotonic() - self._since < PATIENCE
        return self.caught_up and alive != self.run and not young
