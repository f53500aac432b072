"""Read what an app has printed, from the journal."""

from __future__ import annotations

import re

from piwizard.system import commands
from piwizard.system.printable import terminal_line

FIRST_LINES = 500
CURSOR_MARK = "-- cursor: "
TIMEOUT_SECONDS = 20.0
JOURNAL_PREFIX = re.compile(r"\d{4}-(\d\d-\d\d)T(\d\d:\d\d:\d\d)\S* [^:\s]+: ")
"""What journalctl writes before each message: time, program and process."""
GUNICORN_PREFIX = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] ")
"""What gunicorn writes before its own messages: its time and process again."""


def read_journal(unit: str, after: str) -> tuple[list[str], str]:
    """Return the lines of a unit after a cursor of the journal, and the next cursor.

    Without a cursor, return the last FIRST_LINES. At most FIRST_LINES lines are returned.
    """
    place = (f"--after-cursor={after}",) if after else ()
    argv = (
        "journalctl", "--no-pager", "--output=short-iso", "--no-hostname", "--show-cursor", f"--lines={FIRST_LINES}",
        *place, f"--unit={unit}",
    )  # fmt: skip
    result = commands.run(argv, timeout=TIMEOUT_SECONDS)
    lines, cursor = [], after
    for line in filter(None, result.output.split("\n")):  # only these end lines: an app prints other separators, too
        if line.startswith(CURSOR_MARK):
            cursor = line.removeprefix(CURSOR_MARK)
        elif not line.startswith("-- "):
            lines.append(shortened(terminal_line(line)))
    return lines, cursor


def shortened(line: str) -> str:
    """Return a line of the journal as day, time and message, for small terminals."""
    found = JOURNAL_PREFIX.match(line)
    if found is None:
        return line
    return f"{found[1]} {found[2]} {GUNICORN_PREFIX.sub('', line[found.end() :], count=1)}"
