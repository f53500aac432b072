"""Hide widgets under a title until they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from piwizard.screens.widgets.focusable import Focusable

TITLE_COLUMNS = 28
"""Cells of the title, if a summary follows."""


class FoldTitle(Focusable):
    """The title of a fold, with a summary of its content."""

    CURSOR_COLUMN = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "fold", "open or close"),
        Binding("right", "open(True)", "open", show=False),
        Binding("left", "open(False)", "close", show=False),
        Binding("up", "app.focus_previous", "previous", show=False),
        Binding("down", "app.focus_next", "next", show=False),
    ]

    class Opened(Message):
        """The fold is to be opened or closed."""

        def __init__(self, wanted: bool) -> None:
            super().__init__()
            self.wanted = wanted

    def __init__(self, title: str, summary: str) -> None:
        super().__init__()
        self.label, self.summary, self.open = title, summary, False

    def render(self) -> Text:
        text = Text("▾ " if self.open else "▸ ", no_wrap=True, overflow="ellipsis")
        text.append(self.label, "reverse" if self.has_focus else "")
        if self.summary:
            gap = max(2, TITLE_COLUMNS - cell_len(self.label))
            text.append(" " * gap).append(self.summary, "dim")
        return text

    def action_fold(self) -> None:
        self.action_open(not self.open)

    def action_open(self, wanted: bool) -> None:
        if wanted != self.open:
            self.open = wanted
            self.refresh()
            self.post_message(self.Opened(wanted))

    def on_click(self, event: Click) -> None:
        self.action_fold()


class Fold(Vertical):
    """A title, and content that is mounted when the fold is first opened."""

    def __init__(
        self, title: str, summary: str, content: Callable[[], Iterable[Widget]], *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.title = FoldTitle(title, summary)
        self._content = content
        self._body = Vertical(classes="fold-body")
        self._mounted = False

    def compose(self) -> ComposeResult:
        yield self.title
        yield self._body

    def on_mount(self) -> None:
        self._body.display = False

    async def open(self) -> None:
        """Open the fold, and mount its content if it is opened for the first time."""
        self.title.open = True
        self.title.refresh()
        self._body.display = True
        if not self._mounted:
            self._mounted = True
            await self._body.mount_all(self._content())

    async def on_fold_title_opened(self, event: FoldTitle.Opened) -> None:
        event.stop()
        if event.wanted:
            await self.open()
            self.scroll_visible(animate=False)
        else:
            self._body.display = False
