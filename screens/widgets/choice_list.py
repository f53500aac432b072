"""Choose one of a few values, all of which are visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Blur, Click
from textual.message import Message

from piwizard.screens.widgets.row_list import RowList

CHOSEN, OTHER = "●", "○"
DIM = Style(dim=True)
MARKED = Style(bold=True)


class ChoiceMessage(Message):
    """A message from a list of choices."""

    def __init__(self, choices: ChoiceList) -> None:
        super().__init__()
        self.choices = choices

    @property
    def control(self) -> ChoiceList:
        """Return the list, for selectors of handlers."""
        return self.choices


class ChoiceList(RowList):
    """Values with labels, one a row.

    Space chooses the row with the cursor; Enter chooses it and moves on. An empty value means the default.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "choose"),
        Binding("space", "choose", "choose", show=False),
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
    ]

    class Picked(ChoiceMessage):
        """Another value was chosen."""

    class Taken(ChoiceMessage):
        """Enter was pressed."""

    def __init__(
        self, choices: Sequence[tuple[str, str]], value: str = "", default: str = "", *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.choices = list(choices)
        self.value, self.default = value, default
        self.notes: dict[str, str] = {}
        """A short text behind a label, by the value."""
        self.styles.height = len(self.choices)
        self._rest()

    def count(self) -> int:
        return len(self.choices)

    def row(self, number: int) -> list[Segment]:
        value, label = self.choices[number]
        chosen = value == (self.value or self.default)
        note = self.notes.get(value, "") or ("suggested" if chosen and not self.value else "")
        segments = [Segment(f"{CHOSEN if chosen else OTHER} {label}", MARKED if chosen else None)]
        fits = cell_len(f"{CHOSEN} {label}   {note}") <= self.room
        return [*segments, Segment(f"   {note}", DIM)] if note and fits else segments

    def show_note(self, value: str, note: str) -> None:
        """Show a short text behind the label of a value."""
        self.notes[value] = note
        self.refresh()

    def choose(self, value: str) -> None:
        """Show another value as chosen, without a message."""
        self.value = value
        self._rest()
        self.refresh()

    def take_default(self) -> None:
        """Accept the suggestion as the answer."""
        if not self.value and self.default:
            self.choose(self.default)

    def _rest(self) -> None:
        """Put the cursor on the chosen row."""
        shown = self.value or self.default
        self.active = next((number for number, (value, _) in enumerate(self.choices) if value == shown), 0)

    def action_move(self, by: int) -> None:
        """Move the cursor; from the first and the last row to the field before or after."""
        if 0 <= self.active + by < self.count():
            super().action_move(by)
        elif by < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def action_choose(self) -> None:
        value = self.choices[self.active][0]
        if value != self.value:
            self.choose(value)
            self.post_message(self.Picked(self))

    def action_accept(self) -> None:
        self.action_choose()
        self.post_message(self.Taken(self))

    def on_blur(self, event: Blur) -> None:
        self._rest()
        self.refresh()

    def on_click(self, event: Click) -> None:
        super().on_click(event)
        self.action_choose()
