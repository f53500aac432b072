"""Derive the progress of a run from its events alone."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable
from dataclasses import field
from datetime import UTC, datetime

from piwizard.engine.events import ApplyStarted, Event, RunStarted
from piwizard.setup.answer_labels import hint_of, reason_of
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.printable import terminal_line

LAST_LINES = 6

StepKey = tuple[str, str | None]
"""A step's name and its site."""


@dataclass
class RunProgress:
    """The current step, change and command of a run, and its result."""

    run: str
    steps: list[StepKey] = field(default_factory=list)
    step: StepKey | None = None
    undo: bool = False
    began: datetime | None = None
    step_began: datetime | None = None
    changes: int = 0
    number: int = 0
    change: str = ""
    command: str = ""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    results: dict[StepKey, str] = field(default_factory=dict)
    result: str = ""
    failure: str = ""
    hint: str = ""

    def take(self, events: Iterable[Event]) -> None:
        """Read events."""
        for event in events:
            self._take_one(event)

    def _take_one(self, event: Event) -> None:
        match event["event"]:
            case "output":
                self.tail.append(event["text"])
            case "apply-started":
                self.steps = [(step, site) for step, site in event["steps"]]
                self.undo, self.began = event["action"] == "undo", _time(event)
            case "run-started":
                self._step(event)
            case "change-started" | "change-skipped":
                self.number, self.change = event.get("number", self.number + 1), event["change"]
                self.changes = max(self.changes, self.number)
                self.command = ""
            case "command-started":
                self.command = shlex.join(event["argv"])
                self.tail.clear()
            case "note" | "progress":
                self.tail.append(event["text"])
            case "error":
                self.failure, self.hint = reason_of(event), hint_of(event)
            case "run-finished":
                self.step = (event["step"], event["site"])
                self.results[self.step] = event["result"]
            case "apply-finished":
                self.result = event["result"]

    def _step(self, event: RunStarted) -> None:
        self.step = (event["step"], event["site"])
        self.began = self.began or _time(event)
        self.step_began = _time(event)
        self.changes, self.number, self.change, self.command = len(event["plan"]), 0, "", ""
        self.failure = self.hint = ""
        self.tail.clear()

    @property
    def last_line(self) -> str:
        """Return the last output of the command that is running."""
        return next((text for line in reversed(self.tail) if (text := terminal_line(line).strip())), "")

    def seconds(self, now: datetime | None = None) -> float:
        """Return how long the current step has taken."""
        since = self.step_began or self.began
        return max(0.0, ((now or datetime.now(UTC)) - since).total_seconds()) if since else 0.0


def _time(event: ApplyStarted | RunStarted) -> datetime:
    try:
        return datetime.fromisoformat(str(event["at"]).replace("Z", "+00:00"))
    except (KeyError, ValueError):
        return datetime.now(UTC)


def duration(seconds: float) -> str:
    """Return a duration as text: "12 s", "4 min" or "1 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
