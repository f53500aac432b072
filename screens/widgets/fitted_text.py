"""Show a text whose lines depend on the width of its place."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap
from typing import TypeAlias

from rich.text import Text
from textual.events import Resize
from textual.widgets import Static

Writer: TypeAlias = Callable[[int], Text]
"""Writes a text for a number of columns."""
MIN_COLUMNS = 10


def hanging(words: str, columns: int, indent: int) -> str:
    """Return words for a place after `indent` columns, which all lines keep."""
    lines = wrap(words, max(MIN_COLUMNS, columns - indent), break_on_hyphens=False)
    return f"\n{'':<{indent}}".join(lines)


class FittedText(Static):
    """A text that is written again for each width."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._write: Writer = lambda _: Text()
        self._columns = 0

    def show(self, write: Writer) -> None:
        """Show the text that this writer returns."""
        self._write = write
        self._columns = self.size.width or self.app.size.width
        self.update(write(self._columns))

    def on_resize(self, event: Resize) -> None:
        if event.size.width not in (0, self._columns):
            self.show(self._write)
