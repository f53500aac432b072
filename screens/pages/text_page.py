"""Show a page of text: the base of welcome, help and summary."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.screens.widgets.key_bar import KeyBar, KeyHint


class TextPage(ModalScreen[None]):
    """A text that scrolls. Enter, Esc and Space close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape,space", "back"),
        Binding("q", "app.leave"),
        Binding("up,k", "scroll(-1)"),
        Binding("down,j", "scroll(1)"),
        Binding("pageup", "scroll(-10)"),
        Binding("pagedown", "scroll(10)"),
        Binding("home", "scroll(-100000)"),
        Binding("end", "scroll(100000)"),
    ]
    KEYS: ClassVar[tuple[KeyHint, ...]] = (("Enter", "continue"), ("↑↓", "scroll"), ("q", "quit"))

    read = False
    """Whether the user has closed the page."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, classes="page"):
            yield Static(self.text(), classes="page-text", markup=False)
        yield KeyBar(self.KEYS)

    def text(self) -> Text:
        """Return what the page shows."""
        raise NotImplementedError

    def update_text(self) -> None:
        """Show the text again after it has changed."""
        self.query_one(".page-text", Static).update(self.text())

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False, immediate=True)

    def action_back(self) -> None:
        self.read = True
        if len(self.app.screen_stack) > 1:
            self.dismiss(None)


def heading(text: Text, title: str) -> None:
    """Append a heading, after an empty line."""
    text.append(f"\n{title}\n" if text.plain else f"{title}\n", "bold")
