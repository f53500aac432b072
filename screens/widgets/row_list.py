"""List rows, with the terminal's own cursor on the active one."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

PLAIN = Style()
REVERSE = Style(reverse=True)
UNFOCUSED = Style(bold=True)


class RowList(ScrollView, can_focus=True):
    """Rows of which one is active; what does not fit ends with "…".

    Subclasses define how many there are, how each is drawn, and which can be active.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "first", "to the top", show=False),
        Binding("end", "last", "to the end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.active = 0

    def count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def row(self, number: int) -> list[Segment]:
        """Return the segments of a row."""
        raise NotImplementedError

    def can_be_active(self, number: int) -> bool:
        """Return whether the cursor may rest on this row."""
        return True

    def activated(self) -> None:
        """React to another active row. Does nothing by default."""

    @property
    def room(self) -> int:
        """Return the width of a row in cells."""
        return max(10, self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        number = y + self.scroll_offset.y
        if not 0 <= number < self.count():
            return Strip.blank(self.size.width, PLAIN)
        # Textual's filter for NO_COLOR fails where a piece has no style at all.
        pieces = [Segment(text, style or PLAIN) for text, style, _ in self.row(number)]
        strip, width = Strip(pieces), self.size.width
        if strip.cell_length > width:
            strip = Strip.join([strip.crop(0, width - 1), Strip([Segment("…", PLAIN)])])
        strip = strip.adjust_cell_length(width, PLAIN)
        if number == self.active:
            return _without_colors(strip).apply_style(REVERSE) if self.has_focus else strip.apply_style(UNFOCUSED)
        return strip

    def changed(self) -> None:
        """Draw the rows again after they have changed."""
        size = Size(self.room, self.count())
        if self.show_vertical_scrollbar and size.height > self.size.height:
            # The place of every widget stays, so that arranging all of them again would only delay keys.
            self.set_reactive(RowList.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size
        self.active = max(0, min(self.active, self.count() - 1))
        self.refresh()

    def go(self, number: int, *, step: int = 1) -> None:
        """Make a row active, or the next one in the direction of `step` that can be."""
        last = self.count() - 1
        wanted = max(0, min(number, last))
        while 0 <= wanted <= last and not self.can_be_active(wanted):
            wanted += step
        if not 0 <= wanted <= last:
            return
        moved, self.active = wanted != self.active, wanted
        show = partial(self.scroll_to_region, Region(0, wanted, 1, 1), animate=False)
        if self.show_vertical_scrollbar:
            show()
        else:
            self.call_after_refresh(show)  # it does nothing before the scrollbar is there
        self.refresh()
        if moved:
            self.activated()

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell for the terminal's cursor while this widget has the focus."""
        x, y = self.content_region.offset
        return Offset(x, y + max(0, self.active - self.scroll_offset.y))

    def action_move(self, by: int) -> None:
        self.go(self.active + by, step=by)

    def action_page(self, by: int) -> None:
        self.go(self.active + by * max(1, self.size.height - 1), step=by)

    def action_first(self) -> None:
        self.go(0)

    def action_last(self) -> None:
        self.go(self.count() - 1, step=-1)

    def on_focus(self, event: Focus) -> None:
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        self.changed()

    def on_click(self, event: Click) -> None:
        number = event.y + self.scroll_offset.y
        if number < self.count() and self.can_be_active(number):
            again = number == self.active
            self.go(number)
            self.clicked(again=again)

    def clicked(self, *, again: bool) -> None:
        """React to a click on a row; `again` if it was active before."""


def _without_colors(strip: Strip) -> Strip:
    """Return a strip in the terminal's own colors: in reverse, a green symbol would be a green block."""
    return Strip([Segment(text, (style or PLAIN).without_color) for text, style, _ in strip], strip.cell_length)
