"""What kind of terminal this is: the screens, the plain prompts, or nobody there to ask."""

from __future__ import annotations

import os
import sys
from typing import Literal

COLUMNS, LINES = 60, 20
"""The smallest terminal that the screens can be used on."""
NO_SCREENS = ("", "dumb", "unknown")


def front_end() -> Literal["screens", "plain", "none"]:
    """What this terminal can show."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "none"
    # The screens are drawn on stderr.
    return "plain" if why_plain() or not sys.stderr.isatty() else "screens"


def why_plain() -> str:
    """Why the screens cannot be shown here, in a sentence; empty where they can."""
    kind = os.environ.get("TERM", "")
    if kind in NO_SCREENS:
        named = f"calls itself {kind}" if kind else "does not say what it is (TERM is not set)"
        return f"This terminal {named}, so the questions come line by line."
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        size = os.terminal_size((0, 0))
    if 0 in size:
        return "This terminal does not say how large it is, so the questions come line by line."
    if size.columns < COLUMNS or size.lines < LINES:
        return (
            f"This terminal has {size.columns} columns and {size.lines} lines, and the screens need {COLUMNS} and "
            f"{LINES}, so the questions come line by line."
        )
    return ""


def moves_the_cursor() -> bool:
    """Whether the terminal understands more than text and line feeds."""
    return os.environ.get("TERM", "") not in NO_SCREENS


def only_ascii() -> bool:
    """Whether other characters than ASCII would not come out right: by the locale that the person has."""
    environ = os.environ
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if environ.get("LC_CTYPE") == "C.UTF-8" and not environ.get("LC_ALL"):
        locale = environ.get("LANG", "")  # Python itself sets LC_CTYPE where it finds C or nothing
    return "utf" not in locale.lower()
