"""Define symbols and styles, and replacements for terminals without them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from piwizard.system import printable, terminal
from piwizard.system.ascii_text import without_symbols

JOB_SYMBOL = "◐"
"""The symbol of a background job."""
STYLES = {
    "todo": "",
    "running": "bold blue",
    "done": "green",
    "drifted": "yellow",
    "failed": "bold red",
    "interrupted": "bold yellow",
    "skipped": "dim",
}
POOR_TERMINALS = ("linux", "vt", "cons", "wy", "ansi", "dumb")


def only_ascii(environ: Mapping[str, str]) -> bool:
    """Return whether this terminal gets ASCII.

    It does if its locale is not UTF-8, or if its font is known to be small.
    """
    return environ.get("TERM", "").startswith(POOR_TERMINALS) or terminal.only_ascii()


@lru_cache(4096)
def in_ascii(text: str) -> str:
    """Return the text in ASCII, cell for cell."""
    if text.isascii():
        return text
    return "".join(_plain(char) for char in without_symbols(text))


def _plain(char: str) -> str:
    if char.isascii():
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    width = cell_len(char)
    return base if base.isascii() and width == 1 else "?" * width


class VisibleFilter(LineFilter):
    """Replaces invisible characters in every line, so that no widget can forget it.

    Widgets show invisible characters as printable.py writes them. Those that get past them are replaced here.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace what a terminal would not show as itself; every cell stays where it is."""
        return [
            one
            if one.control or (one.text.isascii() and one.text.isprintable())
            else Segment(_visible(one.text), one.style)
            for one in segments
        ]


@lru_cache(4096)
def _visible(text: str) -> str:
    return "".join(char if printable.is_visible(char) else "?" * cell_len(char) for char in text)


class AsciiFilter(LineFilter):
    """Replaces all characters that are not ASCII, so that no widget needs to do it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace what is not ASCII; every cell stays where it is."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
