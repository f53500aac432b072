"""Follow a run by its stages, and keep the last lines of its log."""

from __future__ import annotations

import shlex
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from piwizard.engine.run_log import EventReader
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.run_watch import CHUNK_BYTES, FAR_BEHIND_BYTES, MAX_READ_SECONDS, SECONDS_TO_GET_LOCK
from piwizard.system.printable import terminal_line

if TYPE_CHECKING:
    from pathlib import Path

    from piwizard.engine.events import Event
    from piwizard.screens.widgets.run_progress import StepKey
    from piwizard.setup.stage_progress import StagedRun, StageTracker

LAST_LINES = 3


class StageWatch:
    """The stages of a run, and its last lines; each with the style of the line."""

    def __init__(self, events_file: Path, tracker: StageTracker) -> None:
        self.run = events_file.parent.name
        self._tracker = tracker
        self._reader = EventReader(events_file)
        self._since = time.monotonic()
        self.lines: deque[tuple[str, str]] = deque(maxlen=LAST_LINES)
        self.steps: tuple[StepKey, ...] = ()
        self.undo = False
        self._result = ""

    def advance(self) -> bool:
        """Read new events for a short time; return whether there were any."""
        until = time.monotonic() + MAX_READ_SECONDS
        came = False
        while time.monotonic() < until and (behind := self._reader.behind):
            near = behind < FAR_BEHIND_BYTES
            for event in self._reader.new(CHUNK_BYTES if near else CHUNK_BYTES * 8, output=near):
                self._take(event)
            came = True
        return came

    def progress(self) -> StagedRun:
        """Return how far the run is."""
        return self._tracker.progress(datetime.now(UTC))

    def ended(self, alive: str | None) -> bool:
        """Return whether the run has ended, or its process is gone.

        `alive` is the run that has the lock.
        """
        if self._reader.behind:
            return False
        young = not self.steps and time.monotonic() - self._since < SECONDS_TO_GET_LOCK
        return bool(self._result) or (alive != self.run and not young)

    def _take(self, event: Event) -> None:
        match event["event"]:
            case "output":
                if (text := terminal_line(event["text"])).strip():
                    self.lines.append((text, ""))
                return
            case "command-started":
                self.lines.append((clean(f"$ {shlex.join(event['argv'])}"), "cyan"))
            case "apply-started":
                self.steps = tuple((step, site) for step, site in event["steps"])
                self.undo = event["action"] == "undo"
            case "apply-finished":
                self._result = event["result"]
            case "note":
                self.lines.append((clean(event["text"]), "dim"))
        self._tracker.add(event)
