"""The keys, on a page."""

from __future__ import annotations

from rich.text import Text

from piwizard.screens.pages.text_page import TextPage, heading

KEYS = {
    "Everywhere": (
        ("Tab, Shift+Tab", "to the next part, and back"),
        ("↑ ↓", "steps, fields, lines"),
        ("Enter", "into a step; on to the next field; open or fold a line"),
        ("Esc", "back to the steps"),
    ),
    "On a step (not while typing)": (
        ("1 2 3 4", "Setup, Plan, Log, Checks"),
        ("r", "run this step and what it needs; the plan comes first"),
        ("a", "run all that is left, the same way"),
        ("s", "stop what runs"),
        ("k", "leave an optional step out, or take it up again"),
        ("g", "look at everything again"),
        ("o", "the address, and what is where"),
        ("c", "checkup: everything once more, as a visitor meets it"),
        ("!", "a shell to look around; `exit` leads back"),
        ("t", "colours for a light or a dark terminal"),
        ("q", "leave; what runs goes on"),
    ),
    "In the log": (
        ("End", "follow the end"),
        ("/  n  N", "search, next, back"),
        ("e", "the first error"),
        ("w", "write it all to a file"),
    ),
}


class HelpPage(TextPage):
    """All keys."""

    def text(self) -> Text:
        text = Text()
        heading(text, "Keys")
        for title, keys in KEYS.items():
            heading(text, title)
            for key, words in keys:
                text.append(f"  {key:<16}", "bold").append(f"{words}\n")
        heading(text, "Signs")
        text.append("  ○ to do   ● running   ✓ done   ≠ no longer so   ✗ failed   ! cut off   – left out\n")
        return text
