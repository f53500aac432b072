"""Choose the front end for this terminal: full screens or plain prompts."""

from __future__ import annotations

import os
import sys
from typing import Literal

from piwizard.system.start_line import DUMB_TERMINALS

MIN_COLUMNS, MIN_LINES = 60, 20
"""The smallest terminal for the screens."""


def choose_front_end() -> Literal["screens", "plain", "none"]:
    """Choose the front end that this terminal supports."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "none"
    # Textual draws the screens to stderr.
    return "plain" if plain_reason() or not sys.stderr.isatty() else "screens"


def plain_reason() -> str:
    """Return why the screens cannot be used here, as a sentence; empty if they can."""
    kind = os.environ.get("TERM", "")
    if kind in DUMB_TERMINALS:
        named = f"identifies itself as {kind}" if kind else "does not identify itself (TERM is not set)"
        return f"This terminal {named}, so the questions appear line by line."
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        size = os.terminal_size((0, 0))
    if 0 in size:
        return "This terminal does not report its size, so the questions appear line by line."
    if size.columns < MIN_COLUMNS or size.lines < MIN_LINES:
        return (
            f"This terminal has {size.columns} columns and {size.lines} lines, but the screens need {MIN_COLUMNS} and "
            f"{MIN_LINES}, so the questions appear line by line."
        )
    return ""


def supports_cursor() -> bool:
    """Return whether the terminal supports cursor movement."""
    return os.environ.get("TERM", "") not in DUMB_TERMINALS


def only_ascii() -> bool:
    """Return whether the user's locale is limited to ASCII."""
    environ = os.environ
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if environ.get("LC_CTYPE") == "C.UTF-8" and not environ.get("LC_ALL"):
        locale = environ.get("LANG", "")  # Python itself sets LC_CTYPE if it finds C or nothing
    return "utf" not in locale.lower()
