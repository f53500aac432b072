"""Show all keys and symbols."""

from __future__ import annotations

from rich.text import Text

from piwizard.screens.pages.text_page import TextPage, heading

KEYS = {
    "Everywhere": (
        ("Tab, Shift+Tab", "next, previous field"),
        ("↑ ↓", "move through steps, fields and lines"),
        ("Enter", "open a step; next field; open or close a section"),
        ("Esc", "back to the list of steps"),
    ),
    "On a step (not while typing)": (
        ("1 2 3 4", "Setup, Plan, Log, Checks"),
        ("r", "install this step and what it needs (plan first)"),
        ("a", "install all remaining steps (plan first)"),
        ("s", "stop the current run"),
        ("k", "skip an optional step, or include it again"),
        ("g", "refresh"),
        ("o", "overview: addresses and file locations"),
        ("c", "checkup: every check from a visitor's view"),
        ("!", "open a shell; `exit` returns to piwizard"),
        ("t", "colors for a light or a dark terminal"),
        ("q", "quit; a run continues"),
    ),
    "In the log": (
        ("End", "follow the end of the log"),
        ("/  n  N", "search, next, previous"),
        ("e", "first error"),
        ("w", "save the whole log to a file"),
    ),
}


class HelpPage(TextPage):
    """All keys."""

    def text(self) -> Text:
        text = Text()
        heading(text, "Keys")
        for title, keys in KEYS.items():
            heading(text, title)
            for key, label in keys:
                text.append(f"  {key:<16}", "bold").append(f"{label}\n")
        heading(text, "Symbols")
        text.append(
            "  ○ to do   ● running   ✓ done   ✗ failed   ! interrupted   – skipped\n  ≠ changed outside piwizard\n"
        )
        return text
