"""Show what an app prints, live and with search."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from piwizard.screens.page import Page
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.row_list import RowList
from piwizard.screens.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from piwizard.screens.screen_service import ScreenService

SECONDS_BETWEEN_READS = 2.0
MAX_LINES = 5000
ERROR_WORDS = ("error", "exception", "traceback", "critical")


class LineList(RowList):
    """Lines of a log, cut at the right edge.

    The end stays in view while the cursor is on it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search"),
        Binding("n", "next(1)", "next result", show=False),
        Binding("N", "next(-1)", "previous result", show=False),
        Binding("e", "error", "last error"),
        Binding("end", "last", "follow"),
        Binding("right", "shift(20)", "sideways", key_display="←→"),
        Binding("left", "shift(-20)", "left", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="app-log")
        self.lines: list[str] = []
        self.query_text = ""
        self._shift = 0

    def add(self, lines: list[str]) -> None:
        """Append lines; follow the end if the cursor is there."""
        following = self.active >= len(self.lines) - 1
        self.lines += map(clean, lines)
        dropped = max(0, len(self.lines) - MAX_LINES)
        del self.lines[:dropped]
        self.active = max(0, self.active - dropped)
        self.changed()
        if following:
            self.go(len(self.lines) - 1)

    def count(self) -> int:
        return len(self.lines)

    def row(self, number: int) -> list[Segment]:
        text = self.lines[number]
        found = bool(self.query_text) and self.query_text.casefold() in text.casefold()
        return [Segment(text[self._shift :], Style(bold=True, underline=True) if found else Style())]

    def find(self, step: int, words: tuple[str, ...]) -> bool:
        """Go to the next line with one of the words; return whether there is one."""
        count = len(self.lines)
        for distance in range(1, count + 1):
            number = (self.active + step * distance) % count
            if any(word.casefold() in self.lines[number].casefold() for word in words):
                self.go(number)
                return True
        return False

    def action_shift(self, by: int) -> None:
        self._shift = max(0, self._shift + by)
        self.refresh()

    def action_search(self) -> None:
        self.screen.query_one(SearchLine).open()

    def action_next(self, step: int) -> None:
        if self.query_text:
            self.find(step, (self.query_text,))

    def action_error(self) -> None:
        self.find(-1, ERROR_WORDS)


class AppLogPage(Page):
    """The log of an app."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="app-log-page")
        self.site = site
        self.title = f"{site} · App log"
        self.lines = LineList()
        self._cursor = ""
        self._reading = False

    def compose(self) -> ComposeResult:
        yield self.rail
        yield self.lines
        yield SearchLine(self.lines)
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.call_later(self.notify_line, "Reading the log…", "dim")
        self.rail.show(str(self.title), "")
        self.lines.focus()
        self.set_interval(SECONDS_BETWEEN_READS, self._read)
        self._read()

    def _read(self) -> None:
        if not self.alive or self._reading:  # a journal that is slow to read would never be shown
            return
        self._reading = True
        self.run_in_background(
            partial(self.service.app_log, self.site, self._cursor), self._show, group="app-log", refused=self._refused
        )

    def _refused(self, sentence: str) -> None:
        self._reading = False
        self.notify_line(sentence)

    def _show(self, found: tuple[list[str], str]) -> None:
        self._reading = False
        lines, cursor = found
        first, self._cursor = not self._cursor, cursor
        if lines:
            self.lines.add(lines)
        if first:
            self.notify_line("" if lines else f"{self.site} has printed nothing yet.", "dim")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(SearchLine).action_close()
        self.lines.query_text = event.value
        if event.value:
            found = self.lines.find(-1, (event.value,))
            self.notify_line("n next, N previous" if found else f"“{event.value}” was not found.", "dim")
