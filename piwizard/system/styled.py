"""Color and wrap lines for a terminal. Elsewhere, lines stay as they are.

Only foreground colors of the terminal's own palette are used, so that light and dark terminals both work.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from typing import Literal, TextIO

from piwizard.system.start_line import DUMB_TERMINALS

Style = Literal["", "ok", "problem", "attention", "heading", "added", "removed", "command", "secondary"]
Span = tuple[str, Style]
Line = str | Sequence[Span]
"""A text, or parts of one line, each with its style."""

CODES: dict[Style, str] = {
    "ok": "32",
    "problem": "1;31",
    "attention": "33",
    "heading": "1",
    "added": "32",
    "removed": "31",
    "command": "36",
    "secondary": "2",
}
MIN_WIDTH = 20
EXTRA_INDENT = 2
"""Columns that the continuation of a line is indented more than its beginning."""
_WORD = re.compile(r" *[^ ]+")


def has_color(file: TextIO) -> bool:
    """Return whether to use colors: at a terminal that knows them.

    Not if the user has set NO_COLOR.
    """
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in DUMB_TERMINALS


def width(file: TextIO) -> int | None:
    """Return the columns of a terminal; None for a file or pipe.

    Their lines are not wrapped.
    """
    return max(MIN_WIDTH, shutil.get_terminal_size().columns) if file.isatty() else None


def spans(line: Line) -> list[Span]:
    """Return a line as parts."""
    return [(line, "")] if isinstance(line, str) else list(line)


def wrap(parts: Sequence[Span], columns: int, hang: int | None = None) -> Iterator[list[Span]]:
    """Break a line between words; a longer word keeps a line of its own.

    `hang`: the indent of continuation lines.
    """
    text = "".join(part for part, _ in parts)
    if len(text) <= columns:
        yield list(parts)
        return
    indent = len(text) - len(text.lstrip(" ")) + EXTRA_INDENT if hang is None else hang
    indent = min(indent, columns // 2)
    begin, end = 0, 0
    for word in _WORD.finditer(text):
        room = columns - (indent if begin else 0)
        if word.end() - begin > room and end > begin:
            yield _cut(parts, begin, end, indent if begin else 0)
            begin = word.start() + len(word[0]) - len(word[0].lstrip(" "))
        end = word.end()
    yield _cut(parts, begin, end, indent if begin else 0)


def paint(parts: Sequence[Span]) -> str:
    """Return a line with the codes of its colors."""
    return "".join(f"\x1b[{CODES[style]}m{text}\x1b[0m" if style and text else text for text, style in parts)


def _cut(parts: Sequence[Span], begin: int, end: int, indent: int) -> list[Span]:
    """Return the characters from `begin` to `end`, after spaces."""
    found: list[Span] = [(" " * indent, "")] if indent else []
    at = 0
    for text, style in parts:
        if piece := text[max(0, begin - at) : max(0, end - at)]:
            found.append((piece, style))
        at += len(text)
    return found
