"""Read how the last run of a step ended, from the end of its log."""

from __future__ import annotations

from pathlib import Path

from piwizard.engine.events import Event, decode
from piwizard.screens.widgets.run_progress import LAST_LINES, RunProgress, StepKey
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.printable import terminal_line

OUTCOME_BYTES = 256 * 1024


@dataclass(frozen=True)
class RunOutcome:
    """The error message, the command that was running, its last lines, and the fix."""

    message: str = ""
    hint: str = ""
    command: str = ""
    change: str = ""
    lines: tuple[str, ...] = ()


def read_outcome(events_file: Path, step: StepKey) -> RunOutcome:
    """Return how the run of one step ended, from the last OUTCOME_BYTES of its log."""
    progress = RunProgress(events_file.parent.name)
    inside = True
    for event in _end(events_file):
        if event["event"] == "run-started":
            inside = (event["step"], event["site"]) == step
        if inside:
            progress.take([event])
    lines = tuple(terminal_line(line) for line in progress.tail if line.strip())[-LAST_LINES:]
    return RunOutcome(progress.failure, progress.hint, progress.command, progress.change, lines)


def _end(events_file: Path) -> list[Event]:
    try:
        with events_file.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - OUTCOME_BYTES))
            content = file.read()
    except OSError:
        return []
    # The first and the last line may be incomplete.
    return [event for line in content.split(b"\n") if (event := decode(line))]
