"""Read what `journalctl -o json` prints about one unit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from piwizard.system.lazy_dataclass import dataclass

FIELDS = ("MESSAGE", "_PID")


@dataclass(frozen=True)
class JournalLine:
    """One line of the journal; `pid` is "1" for systemd's own."""

    at: datetime
    pid: str
    text: str


def argv(unit: str, most: int = 3000) -> tuple[str, ...]:
    """Return the command that prints the last lines of a unit since boot."""
    fields = f"--output-fields={','.join(FIELDS)}"
    return ("journalctl", "--boot", "--no-pager", "--output=json", fields, f"--lines={most}", "--unit", unit)


def parse(text: str) -> list[JournalLine]:
    """Return the lines, oldest first. Invalid entries are skipped."""
    found = []
    for line in text.split("\n"):  # only these end lines: an app prints other separators, too
        try:
            entry = json.loads(line)
            at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
        except (ValueError, TypeError, KeyError):
            continue
        found.append(JournalLine(at, str(entry.get("_PID", "")), _text(entry.get("MESSAGE"))))
    return found


def last_start(lines: Sequence[JournalLine]) -> list[JournalLine]:
    """Return the lines since the unit was last started.

    Automatic restarts by systemd do not count: the crash before them is the reason.
    """
    begin, again = 0, False
    for number, line in enumerate(lines):
        if line.pid != "1":
            continue
        if line.text.startswith("Starting "):
            begin, again = begin if again else number, False
        if "Scheduled restart job" in line.text:
            again = True
        elif "repeated too quickly" in line.text:  # systemd no longer restarts it, so the next start is not automatic
            again = False
    return list(lines[begin:])


def by_process(lines: Iterable[JournalLine]) -> list[list[JournalLine]]:
    """Return the lines by process.

    The lines of several workers that fail together are mixed.
    """
    apart: dict[str, list[JournalLine]] = {}
    for line in lines:
        apart.setdefault(line.pid, []).append(line)
    return list(apart.values())


def _text(message: object) -> str:
    """Return the text of a message.

    journald encodes invalid UTF-8 as a list of bytes, and text that is too long as null.
    """
    if isinstance(message, list):
        return bytes(byte for byte in message if isinstance(byte, int) and 0 <= byte < 256).decode("utf-8", "replace")
    return message if isinstance(message, str) else ""
