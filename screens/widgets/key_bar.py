"""Show the last line: the keys that work where the cursor is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

KeyHint = tuple[str, str]

STEP_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "open"), ("r", "install"), ("a", "install all"), ("1-4", "tabs"), ("o", "overview"), ("s", "stop"),
    ("?", "help"), ("q", "quit"),
)  # fmt: skip
FIELD_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "next field"), ("↑↓", "move"), ("Esc", "back to the steps"),
)  # fmt: skip
CHOICE_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "next field"), ("↑↓", "move"), ("←→", "choose"), ("Esc", "back to the steps"),
)  # fmt: skip
BUTTON_KEYS: tuple[KeyHint, ...] = (("Enter", "select"), ("↑↓", "move"), ("Esc", "back to the steps"))
FOLD_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "open, close"), ("r", "install"), ("Esc", "back"), ("?", "help"), ("q", "quit"),
)  # fmt: skip
LOG_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "open, close"), ("End", "follow"), ("/", "search"), ("e", "first error"), ("w", "save"), ("s", "stop"),
    ("Esc", "back"), ("q", "quit"),
)  # fmt: skip


class KeyBar(Widget):
    """Keys and their effects.

    If the line is too short, keys are removed from its end, but the last two stay: help and quit.
    """

    def __init__(self, keys: Sequence[KeyHint] = ()) -> None:
        super().__init__(classes="keyline")
        self._keys = list(keys)

    def show(self, keys: Sequence[KeyHint]) -> None:
        """Show other keys."""
        if list(keys) != self._keys:
            self._keys = list(keys)
            self.refresh()

    def render(self) -> Text:
        keys = list(self._keys)
        while len(keys) > 2 and _width(keys) > self.size.width:
            keys.pop(-3)
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        for key, label in keys:
            line.append(key, "bold").append(f" {label}   ")
        return line


def _width(keys: Sequence[KeyHint]) -> int:
    return sum(cell_len(key) + cell_len(label) + 4 for key, label in keys) - 2
