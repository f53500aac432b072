"""A page to read: the welcome, the help, and the end."""

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
    """A text that scrolls; any of Enter, Esc, Space leads back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape,space", "back"),
        Binding("q", "app.leave"),
        Binding("up,k", "scroll(-1)"),
        Binding("down,j", "scroll(1)"),
        Binding("pageup", "scroll(-10)"),
        Binding("pagedown", "scroll(10)"),
    ]
    KEYS: ClassVar[tuple[KeyHint, ...]] = (("Enter", "go on"), ("↑↓", "scroll"), ("q", "leave"))

    read = False
    """Whether somebody has gone on from here."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False, classes="page"):
            yield Static(self.text(), classes="page-text", markup=False)
        yield KeyBar(self.KEYS)

    def text(self) -> Text:
        """What is to be read."""
        raise NotImplementedError

    def renew(self) -> None:
        """The text has changed."""
        self.query_one(".page-text", Static).update(self.text())

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False, immediate=True)

    def action_back(self) -> None:
        self.read = True
        if len(self.app.screen_stack) > 1:
            self.dismiss(None)


def heading(text: Text, words: str) -> None:
    """A heading, with a line of space before it."""
    text.append(f"\n{words}\n" if text.plain else f"{words}\n", "bold")
