"""How the last run of a step ended, read from the end of its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from piwizard.engine.events import Event, decode
from piwizard.screens.log.run_progress import LAST_LINES, RunProgress, StepKey
from piwizard.system.printable import terminal_line

END = 256 * 1024


@dataclass(frozen=True)
class RunOutcome:
    """The error message, the command that was running, its last lines, and the fix."""

    message: str = ""
    hint: str = ""
    command: str = ""
    change: str = ""
    lines: tuple[str, ...] = ()


def read_outcome(record: Path, step: StepKey) -> RunOutcome:
    """Return how the run of one step ended. Only the end of the log is read, however long it is."""
    progress = RunProgress(record.parent.name)
    inside = True
    for event in _end(record):
        if event["event"] == "run-started":
            inside = (event["step"], event["site"]) == step
        if inside:
            progress.take([event])
    lines = tuple(terminal_line(line) for line in progress.tail if line.strip())[-LAST_LINES:]
    return RunOutcome(progress.failure, progress.hint, progress.command, progress.change, lines)


def _end(record: Path) -> list[Event]:
    try:
        with record.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - END))
            content = file.read()
    except OSError:
        return []
    # The first line is cut, the last one may be incomplete.
    return [event for line in content.split(b"\n") if (event := decode(line))]
