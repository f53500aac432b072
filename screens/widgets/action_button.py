"""Show a button: a label in brackets, pressed with Enter or Space."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click

from piwizard.screens.messages import ActionPressed
from piwizard.screens.widgets.focusable import Focusable


class ActionButton(Focusable):
    """A button."""

    CURSOR_COLUMN = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "press"),
        Binding("up,left", "app.focus_previous", "previous", show=False),
        Binding("down,right", "app.focus_next", "next", show=False),
    ]

    def __init__(self, name: str, label: str) -> None:
        super().__init__(name=name, classes="action")
        self.label = label

    def show(self, label: str) -> None:
        """Show another label."""
        if label != self.label:
            self.label = label
            self.refresh(layout=True)

    def render(self) -> Text:
        return Text(f"[ {self.label} ]", "bold reverse" if self.has_focus else "bold", no_wrap=True)

    def get_content_width(self, container: object, viewport: object) -> int:
        return len(self.label) + 4

    @property
    def effect(self) -> str:
        """Return what Enter does, for the line of keys."""
        first = self.label[:1] if self.label[1:2] in ("’", "'") else self.label[:1].lower()
        return f"{first}{self.label[1:]}".rstrip("…")

    def action_press(self) -> None:
        self.post_message(ActionPressed(str(self.name)))

    def on_click(self, event: Click) -> None:
        self.action_press()
