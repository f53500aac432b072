"""Edit one value: a line of text, or one of some choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input

from piwizard.screens.widgets.focusable import Focusable

FIELD_BINDINGS: list[BindingType] = [
    Binding("up", "app.focus_previous", "previous field", show=False),
    Binding("down", "app.focus_next", "next field", show=False),
]


REASON_SEPARATOR = " · "


class LineEditor(Input):
    """One line of text; the up and down keys move to other fields."""

    BINDINGS: ClassVar[list[BindingType]] = [*FIELD_BINDINGS, Binding("enter", "submit", "next field")]

    def __init__(
        self, value: str = "", placeholder: str = "", *, password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value, placeholder, password=password, compact=True, select_on_focus=False, id=id, validate_on=[]
        )
        self.cursor_blink = False
        self.effect = ""
        """What Enter does, for the line of keys, if it is not the next field."""
        self._suggested = placeholder

    def suggest(self, suggestion: str) -> None:
        """Show a suggestion in the empty line.

        It is a value and, if there is room, the reason after a separator.
        """
        self._suggested = suggestion
        value, _, reason = suggestion.partition(REASON_SEPARATOR)
        self.placeholder = value if reason and 0 < self.size.width <= cell_len(suggestion) else suggestion

    @property
    def hidden_reason(self) -> str:
        """Return the reason of the suggestion if the line has no room for it."""
        reason = self._suggested.partition(REASON_SEPARATOR)[2]
        hidden = reason and self.placeholder != self._suggested
        return f"{reason[:1].upper()}{reason[1:]}. " if hidden else ""

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell that the next character goes to.

        At the end of the text, Textual returns the cell after it.
        """
        return super().cursor_screen_offset - (1 if self.cursor_at_end else 0, 0)

    def on_resize(self, event: Resize) -> None:
        if REASON_SEPARATOR in self._suggested:
            self.suggest(self._suggested)


class Choice(Focusable):
    """A choice of values: left, right and Space move through them.

    Empty means the default.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *FIELD_BINDINGS,
        Binding("right,space", "turn(1)", "next choice"),
        Binding("left", "turn(-1)", "previous choice", show=False),
        Binding("enter", "accept", "next field"),
    ]

    class Changed(Message):
        """Another choice was made."""

    class Accepted(Message):
        """Enter was pressed."""

    def __init__(
        self, choices: Mapping[str, str], value: str = "", default: str = "", *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.choices = list(choices)
        self._labels = choices
        self.value = value
        self.default = default

    def render(self) -> Text:
        shown = self.value or self.default
        many = f"  {self.choices.index(shown) + 1} of {len(self.choices)}" if shown in self.choices else ""
        text = Text(
            f"‹ {self._labels.get(shown, shown) or 'choose'} ›",
            "reverse" if self.has_focus else "" if self.value else "dim",
        )
        return text.append(many if self.has_focus else "", "not reverse dim")

    def action_turn(self, by: int) -> None:
        shown = self.value or self.default
        now = self.choices.index(shown) if shown in self.choices else -1 if by > 0 else 0
        self.value = self.choices[(now + by) % len(self.choices)]
        self.refresh()
        self.post_message(self.Changed())

    def take_default(self) -> None:
        """Accept the suggestion as the answer."""
        self.value = self.default
        self.refresh()

    def action_accept(self) -> None:
        self.post_message(self.Accepted())

    def on_click(self, event: Click) -> None:
        self.action_turn(1)
