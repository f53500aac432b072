"""Read what an app has printed, from the journal."""

from __future__ import annotations

from piwizard.system import commands
from piwizard.system.printable import terminal_line

FIRST_LINES = 500
CURSOR_MARK = "-- cursor: "
TIMEOUT_SECONDS = 20.0


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
    for line in result.output.splitlines():
        if line.startswith(CURSOR_MARK):
            cursor = line.removeprefix(CURSOR_MARK)
        elif not line.startswith("-- "):
            lines.append(terminal_line(line))
    return lines, cursor
