"""Find Python tracebacks in the lines of a program."""

from __future__ import annotations

import re
from collections.abc import Sequence

from piwizard.system.lazy_dataclass import dataclass

BEGINS = "Traceback (most recent call last):"
FRAME = re.compile(r'\s+File "(?P<file>[^"]+)", line (?P<line>\d{1,9})(?:, in (?P<function>.+))?$')
RAISED = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?::(?: (?P<message>.*))?)?$")
LOG_LINE = re.compile(
    r"\[?\d{4}-\d\d-\d\d[ T]|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b|\[\d+\] |\S+ - - \[|(?:gunicorn|systemd)\b"
)
"""The start of a line that a logger has written, and that belongs to no exception."""
PAGE = re.compile(r"(?:Exception on (?P<path>\S+) \[(?P<method>[A-Z]+)\]|Error handling request (?P<plain>\S+))")
CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
MAX_MESSAGE_CHARACTERS = 400
MAX_SOURCE_CHARACTERS = 400
MAX_FURTHER_LINES = 20
MAX_FURTHER_CHARACTERS = 1200


@dataclass(frozen=True)
class Frame:
    """One line of a traceback; `source` is the code, if it was printed."""

    file: str
    line: int
    function: str
    source: str = ""


@dataclass(frozen=True)
class Failure:
    """An uncaught exception: its class, its message and its traceback.

    `kind` is the class without its module ("PermissionError"), `module` the module ("sqlite3"). `page` is the request
    that failed ("/poll [POST]"), if known. `first` are the exceptions that caused this one, the earliest first. `text`
    is the first line of the message, `further` are its other lines.
    """

    kind: str
    text: str
    frames: tuple[Frame, ...] = ()
    module: str = ""
    page: str = ""
    first: tuple[Failure, ...] = ()
    further: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Return class and text, as Python prints them, but in one line."""
        return " ".join((f"{self.kind}: {self.text}" if self.text else self.kind, *self.further))


def find_failures(lines: Sequence[str]) -> list[Failure]:
    """Return the failures in these lines, in order. Incomplete ones are skipped."""
    found: list[Failure] = []
    page, chained, number = "", False, 0
    while number < len(lines):
        line = lines[number].rstrip()
        if match := PAGE.search(line):
            page = f"{match['path']} [{match['method']}]" if match["path"] else match["plain"]
        if line.strip() in CHAINED:
            chained = bool(found)
        if not line.endswith(BEGINS):
            number += 1
            continue
        before = (*found[-1].first, found[-1]) if chained else ()
        failure, number = _one(lines, number + 1, before[0].page if before else page, before)
        if failure:
            found[len(found) - bool(before) :] = [failure]
        page, chained = "", False
    return found


def _one(lines: Sequence[str], at: int, page: str, before: tuple[Failure, ...]) -> tuple[Failure | None, int]:
    """Return the failure whose frames begin at a line, and the line after it."""
    frames: list[Frame] = []
    while at < len(lines):
        line = lines[at].rstrip()
        if match := FRAME.match(line):
            frames.append(Frame(match["file"], int(match["line"]), match["function"] or ""))
        elif line.startswith(" ") or not line:
            if frames and not frames[-1].source:
                source = line.strip()[:MAX_SOURCE_CHARACTERS]
                frames[-1] = Frame(frames[-1].file, frames[-1].line, frames[-1].function, source)
        else:
            break
        at += 1
    if at >= len(lines) or not (match := RAISED.match(lines[at].rstrip())):
        return None, at
    module, _, kind = match["kind"].rpartition(".")
    text = (match["message"] or "").strip()
    further = _further_lines(lines, at + 1, open_end=not text or text.endswith(":"))
    at += 1 + len(further)
    said = [one.strip() for one in further if one.strip()]
    if not text and said:
        text = said.pop(0)
    said = [one for one in said if one != text]  # gunicorn prints the message of a failed start twice
    return Failure(kind, text[:MAX_MESSAGE_CHARACTERS], tuple(frames), module, page, before, tuple(said)), at


def _further_lines(lines: Sequence[str], at: int, *, open_end: bool) -> list[str]:
    """Return the lines of a message after its first one, within a bound.

    An empty line ends it, unless the line before has no end (`open_end`).
    """
    found: list[str] = []
    room = MAX_FURTHER_CHARACTERS
    for line in lines[at : at + MAX_FURTHER_LINES]:
        text = line.rstrip()
        if text.endswith(BEGINS) or text.strip() in CHAINED or LOG_LINE.match(text) or len(text) > room:
            break
        if not text and not open_end:
            break
        room -= len(text)
        open_end = text.endswith(":") or (open_end and not text)
        found.append(text)
    return found
