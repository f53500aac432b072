"""Draw a widget again when it gets or loses the focus."""

from __future__ import annotations

from typing import ClassVar

from textual.events import Blur, Focus
from textual.geometry import Offset
from textual.widget import Widget


class Focusable(Widget, can_focus=True):
    """A widget that is drawn differently while it has the focus."""

    CURSOR_COLUMN: ClassVar[int] = 0
    """The cell of the first line that gets the terminal's cursor."""

    def on_focus(self, event: Focus) -> None:
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        self.refresh()

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell for the terminal's cursor while this widget has the focus."""
        return self.content_region.offset + Offset(self.CURSOR_COLUMN, 0)
