"""Summarize a run from the beginning and the end of its log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from piwizard.engine.events import decode
from piwizard.engine.run_log import EventReader
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from piwizard.screens.widgets.run_progress import StepKey

FIRST_BYTES = LAST_BYTES = 1 << 16


@dataclass(frozen=True)
class RunSummary:
    """A run: its beginning, its steps, and its end.

    `result` is empty while it is unknown.
    """

    run: str
    began: datetime | None = None
    undo: bool = False
    steps: tuple[StepKey, ...] = ()
    result: str = ""
    seconds: float = 0.0

    @property
    def sites(self) -> tuple[str, ...]:
        """Return the sites of its steps."""
        return tuple(dict.fromkeys(site for _, site in self.steps if site))


def summarize(events_file: Path) -> RunSummary:
    """Return the summary of a run. Reads at most FIRST_BYTES and LAST_BYTES."""
    run = events_file.parent.name
    began, undo = None, False
    steps: tuple[StepKey, ...] = ()
    for event in EventReader(events_file).new(FIRST_BYTES):
        if event["event"] == "apply-started":
            began = _time(event.get("at"))
            undo, steps = event["action"] == "undo", tuple((step, site) for step, site in event["steps"])
            break
    for line in reversed(_end(events_file)):
        last = decode(line)
        if last and last["event"] == "apply-finished":
            return RunSummary(run, began, undo, steps, last["result"], last["seconds"])
    return RunSummary(run, began, undo, steps)


def _end(events_file: Path) -> list[bytes]:
    try:
        with events_file.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LAST_BYTES))
            return file.read(LAST_BYTES).split(b"\n")
    except OSError:
        return []


def _time(at: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(str(at).replace("Z", "+00:00")).astimezone()
    except ValueError:
        return None
