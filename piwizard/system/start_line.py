"""Show at once that piwizard starts.

On a slow board, its modules take seconds to load. Imports nothing heavy. At a terminal that can erase a line,
the next output replaces it.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

TEXT = "Starting piwizard"
ERASE = "\r\x1b[K"
DUMB_TERMINALS = ("", "dumb", "unknown")
SILENT_OPTIONS = frozenset({"-h", "--help", "--version", "--json"})
"""With one of these, the output is short, or for programs."""

_waiting = False


def announce(arguments: list[str], terminal: TextIO) -> None:
    """Print the line at a terminal, if the arguments start something slow."""
    global _waiting  # noqa: PLW0603 — a process has one terminal
    if not terminal.isatty() or SILENT_OPTIONS.intersection(arguments):
        return
    text = TEXT + ("…" if (terminal.encoding or "").lower().startswith("utf") else "...")
    if os.environ.get("TERM", "") not in DUMB_TERMINALS:
        _waiting = True
        _write(terminal, f"\r{text}")
    elif "SUDO_UID" not in os.environ:  # else the process that started sudo has printed it already
        _write(terminal, f"{text}\n")


def erase() -> None:
    """Erase the line before something else is printed."""
    global _waiting  # noqa: PLW0603
    if _waiting:
        _waiting = False
        _write(sys.stdout, ERASE)


def line_feed() -> str:
    """Return what begins a new line for the program that prints next."""
    return "\n" if _waiting else ""


def _write(terminal: TextIO, text: str) -> None:
    terminal.write(text)
    terminal.flush()
