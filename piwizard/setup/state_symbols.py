"""Define the symbols of the states of steps."""

from __future__ import annotations

from piwizard.system import console

STATE_SYMBOLS = {
    "todo": "○",
    "running": "●",
    "done": "✓",
    "drifted": "≠",
    "failed": "✗",
    "interrupted": "!",
    "skipped": "–",
}
ASCII_STATE_SYMBOLS = {
    "todo": ".",
    "running": "*",
    "done": "+",
    "drifted": "~",
    "failed": "x",
    "interrupted": "!",
    "skipped": "-",
}


def state_symbol(state: str) -> str:
    """Return the symbol of a step's state, in ASCII where the terminal needs it."""
    return (STATE_SYMBOLS if console.supports_unicode() else ASCII_STATE_SYMBOLS)[state]
