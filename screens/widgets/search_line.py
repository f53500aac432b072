"""Type a text to find in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from piwizard.screens.widgets.editors import LineEditor

if TYPE_CHECKING:
    from textual.widget import Widget


class SearchLine(LineEditor):
    """A line that is there while a text to find is typed.

    `below` is what has the cursor otherwise. `in_place_of` gives its place to the line meanwhile, so that nothing else
    on the page moves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close the search")]

    def __init__(self, below: Widget, in_place_of: Widget | None = None) -> None:
        super().__init__("", "text to find", id="search")
        self.effect = "search"
        self.display = False
        self._below, self._in_place_of = below, in_place_of

    def open(self) -> None:
        """Show the line, with the cursor in it."""
        self._show(True)
        self.focus()

    def action_close(self) -> None:
        """Hide the line, and return the cursor."""
        self._show(False)
        self._below.focus()

    def _show(self, shown: bool) -> None:
        self.display = shown
        if self._in_place_of is not None:
            self._in_place_of.display = not shown
