"""Text from outside made visible: no character in it moves a cursor, colors, reorders or hides anything."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 4000
"""Characters of one line that are shown."""
LONGEST_VALUE = 400
"""Characters of a value within a sentence or a question that are shown."""
MOST_LINES = 200
"""Lines of one text that are shown."""
MARKS = 4
"""Combining marks that may follow each other: more of them cover the lines above and below."""
# What Python calls printable, and what a terminal shows as nothing: fillers, joiners, selectors of variants.
BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U00016fe4\U000e0100-\U000e01ef"
)
_BLANK = re.compile(f"[{BLANK}]")
_NOT_IN_JSON = re.compile(f"[\x7f-\x9f{BLANK}]|[^\x00-\x9f]")
# Colors, cursor moves, titles and links, as programs send them to terminals.
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|\([AB0])")


def line(text: str, most: int = LONGEST) -> str:
    r"""Return a text as one line, with everything invisible written out: a line feed as ``\n``, ESC as ``\x1b``.

    Spaces of other kinds and tabs become plain spaces. What is longer than `most` is cut, and the number of the
    characters left out is named.
    """
    if len(text) > most:
        return f"{line(text[:most], most)}... ({len(text) - most} more characters)"
    if text.isprintable() and (text.isascii() or not _unusual(text)):
        return text
    return "".join(_shown(text))


def lines(text: str, indent: str = "") -> list[str]:
    """Return a text of several lines, each one visible, with `indent` before every line but the first."""
    first, *others = text.splitlines() or [""]
    left_out = [f"... ({len(others) - MOST_LINES} more lines)"] if len(others) > MOST_LINES else []
    return [line(first), *(f"{indent}{line(one)}" for one in (*others[:MOST_LINES], *left_out))]


def value(text: object) -> str:
    """Return a name, a command or other words of strangers for the inside of a sentence or a question.

    One line of bounded length without long gaps, so that it cannot be drawn like a line of its own.
    """
    return re.sub(r" {3,}", lambda gap: f" ({len(gap[0])} spaces) ", line(str(text), LONGEST_VALUE))


def printed(text: str) -> str:
    """Return a line that a program printed as a terminal would leave it: without colors, and as last written over."""
    if text.isascii() and text.isprintable():
        return line(text)
    return line(_SEQUENCE.sub("", text.rstrip("\r").rsplit("\r", 1)[-1]))


def is_visible(char: str) -> bool:
    """Tell whether a terminal shows this character as itself."""
    return char.isprintable() and not _BLANK.match(char)


def json_text(value: object, *, ascii: bool = False) -> str:
    r"""Return a value as JSON in which everything invisible is escaped: ``\u009b``, ``\u202e``."""
    text = json.dumps(value, ensure_ascii=ascii)
    return text if ascii or text.isascii() else _NOT_IN_JSON.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if is_visible(match[0]) else json.dumps(match[0])[1:-1]


def _unusual(text: str) -> bool:
    return _BLANK.search(text) is not None or any(unicodedata.combining(char) for char in text)


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if char == "\t":
            yield "    "
        elif unicodedata.category(char) == "Zs":
            yield " "
        elif is_visible(char) and marks <= MARKS:
            yield char
        else:
            yield char.encode("unicode_escape").decode("ascii")
