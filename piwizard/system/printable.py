"""Make untrusted text visible.

No character in the result moves the cursor, sets colors, reorders or hides anything.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

MAX_LINE_CHARACTERS = 4000
"""The longest line that is shown."""
MAX_VALUE_CHARACTERS = 400
"""The longest value that is shown within a sentence or a question."""
MAX_LINES = 200
"""The most lines that are shown of one text."""
MAX_COMBINING_MARKS = 4
"""Consecutive combining marks. More would cover the lines above and below."""
# Characters that Python considers printable but terminals do not show: fillers, joiners, variation selectors.
BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U00016fe4\U000e0100-\U000e01ef"
)
_BLANK = re.compile(f"[{BLANK}]")
_NOT_IN_JSON = re.compile(f"[\x7f-\x9f{BLANK}]|[^\x00-\x9f]")
# Colors, cursor movements, titles and links, as programs send them to terminals.
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|\([AB0])")


def line(text: str, most: int = MAX_LINE_CHARACTERS) -> str:
    r"""Return a text as one line, with invisible characters escaped.

    A line feed becomes ``\n``, ESC becomes ``\x1b``.

    Tabs and other kinds of spaces become plain spaces. A text longer than `most` is cut, followed by the number of
    missing characters.
    """
    if len(text) > most:
        return f"{line(text[:most], most)}... ({len(text) - most} more characters)"
    if text.isprintable() and (text.isascii() or not _unusual(text)):
        return text
    return "".join(_shown(text))


def lines(text: str, indent: str = "") -> list[str]:
    """Return the visible lines of a text, with `indent` before all but the first."""
    first, *others = text.splitlines() or [""]
    left_out = [f"... ({len(others) - MAX_LINES} more lines)"] if len(others) > MAX_LINES else []
    return [line(first), *(f"{indent}{line(one)}" for one in (*others[:MAX_LINES], *left_out))]


def value(text: object) -> str:
    """Return untrusted text, such as a name, for use in a sentence or a question.

    It is one line of limited length without wide gaps, so that it cannot look like a line of its own.
    """
    return re.sub(r" {3,}", lambda gap: f" ({len(gap[0])} spaces) ", line(str(text), MAX_VALUE_CHARACTERS))


def terminal_line(text: str) -> str:
    """Return a line of program output without colors and overwritten parts."""
    if text.isascii() and text.isprintable():
        return line(text)
    return line(_SEQUENCE.sub("", text.rstrip("\r").rsplit("\r", 1)[-1]))


def is_visible(char: str) -> bool:
    """Return whether a terminal shows this character as itself."""
    return char.isprintable() and not _BLANK.match(char)


def json_text(value: object, *, ascii: bool = False) -> str:
    r"""Return a value as JSON with invisible characters escaped, as ``\u009b``."""
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
        elif is_visible(char) and marks <= MAX_COMBINING_MARKS:
            yield char
        else:
            yield char.encode("unicode_escape").decode("ascii")
