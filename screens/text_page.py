"""Show a page of text that scrolls: the base of help."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.screens.closing import close
from piwizard.screens.widgets.key_line import KeyLine


class TextPage(ModalScreen[None]):
    """A text that scrolls. Enter, Esc and Space close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "back", "back"),
        Binding("q", "app.leave", "quit"),
        Binding("up", "scroll(-1)", "scroll", key_display="↑↓"),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("pagedown", "scroll(10)", "page down", show=False),
        Binding("home", "scroll(-100000)", "to the top", show=False),
        Binding("end", "scroll(100000)", "to the end", show=False),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, classes="page"):
            yield Static(self.text(), classes="page-text", markup=False)
        yield KeyLine()

    def text(self) -> Text:
        """Return what the page shows."""
        raise NotImplementedError

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False, immediate=True)

    def action_back(self) -> None:
        close(self)


def heading(text: Text, title: str) -> None:
    """Append a heading, after an empty line."""
    text.append(f"\n{title}\n" if text.plain else f"{title}\n", "bold")
