"""The last line: which keys do what, here and now."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

KeyHint = tuple[str, str]

STEP_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "open"), ("r", "run"), ("a", "run all"), ("1-4", "tabs"), ("o", "overview"), ("s", "stop"),
    ("?", "help"), ("q", "leave (runs go on)"),
)  # fmt: skip
FIELD_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "next"), ("↑↓", "fields"), ("Tab", "next part"), ("Esc", "back to the steps"),
)  # fmt: skip
FOLD_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "open, fold"), ("r", "run"), ("Esc", "back"), ("?", "help"), ("q", "leave (runs go on)"),
)  # fmt: skip
LOG_KEYS: tuple[KeyHint, ...] = (
    ("Enter", "fold"), ("End", "follow"), ("/", "search"), ("e", "first error"), ("w", "to a file"), ("s", "stop"),
    ("Esc", "back"), ("q", "leave (runs go on)"),
)  # fmt: skip


class KeyBar(Widget):
    """Keys with words. Where the line is too short, the last ones but two give way: help and leaving stay."""

    def __init__(self, keys: Sequence[KeyHint] = ()) -> None:
        super().__init__(classes="keyline")
        self._keys = list(keys)

    def show(self, keys: Sequence[KeyHint]) -> None:
        """Other keys count now."""
        if list(keys) != self._keys:
            self._keys = list(keys)
            self.refresh()

    def render(self) -> Text:
        keys = list(self._keys)
        while len(keys) > 2 and _width(keys) > self.size.width:
            keys.pop(-3)
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        for key, words in keys:
            line.append(key, "bold").append(f" {words}   ")
        return line


def _width(keys: Sequence[KeyHint]) -> int:
    return sum(cell_len(key) + cell_len(words) + 4 for key, words in keys) - 2
