"""Buttons: a word in brackets, pressed with Enter or Space."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus
from textual.geometry import Offset
from textual.widget import Widget

from piwizard.screens.messages import ActionPressed


class ActionButton(Widget, can_focus=True):
    """One button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", show=False),
        Binding("up,left", "app.focus_previous", show=False),
        Binding("down,right", "app.focus_next", show=False),
    ]

    def __init__(self, name: str, words: str) -> None:
        super().__init__(name=name, classes="action")
        self.words = words

    def render(self) -> Text:
        return Text(f"[ {self.words} ]", "bold reverse" if self.has_focus else "bold", no_wrap=True)

    def get_content_width(self, container: object, viewport: object) -> int:
        return len(self.words) + 4

    def action_press(self) -> None:
        self.post_message(ActionPressed(str(self.name)))

    def on_click(self, event: Click) -> None:
        self.action_press()

    def on_focus(self, event: Focus) -> None:
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        self.refresh()

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's own cursor stands while this has the focus."""
        return self.content_region.offset + Offset(2, 0)
