"""Draw scrollbars that are visible without colors and in any font."""

from __future__ import annotations

from math import ceil

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBar, ScrollBarRender

THUMB, TRACK = "█", "│"


class PlainBar(ScrollBarRender):
    """A full block on a thin line."""

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color = Color.parse("default"),  # noqa: B008 — the signature of Textual's own
        bar_color: Color = Color.parse("default"),  # noqa: B008
    ) -> Segments:
        """Return the bar from end to end."""
        style = Style(dim=True)
        needed = bool(window_size and size and virtual_size > window_size)
        length = max(1, ceil(size * window_size / virtual_size)) if needed else 0
        start = round((size - length) * position / (virtual_size - window_size)) if needed else 0
        cells = (THUMB if start <= at < start + length else TRACK for at in range(size))
        return Segments([Segment(cell * thickness, style) for cell in cells], new_lines=vertical)


def use_plain_bars() -> None:
    """Draw all scrollbars of the app in this way."""
    ScrollBar.renderer = PlainBar
