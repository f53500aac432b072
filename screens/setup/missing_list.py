"""List the answers that are missing, and open the field of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from piwizard.screens.widgets.row_list import RowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.setup.form_page import RequiredAnswer

LABEL_COLUMNS = 18


class MissingList(RowList):
    """Missing answers, one a row."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "answer", "answer it")]

    class Chosen(Message):
        """Enter was pressed on a missing answer."""

        def __init__(self, answer: RequiredAnswer) -> None:
            super().__init__()
            self.answer = answer

    class AnswerHighlighted(Message):
        """The cursor is on another answer."""

    def __init__(self) -> None:
        super().__init__(id="missing")
        self.missing: tuple[RequiredAnswer, ...] = ()

    def show(self, missing: Sequence[RequiredAnswer]) -> None:
        """Show these answers."""
        self.missing = tuple(missing)
        self.styles.height = len(self.missing)
        self.changed()

    def count(self) -> int:
        return len(self.missing)

    def row(self, number: int) -> list[Segment]:
        one = self.missing[number]
        room = max(0, self.room - LABEL_COLUMNS - 3)
        reason = one.reason if len(one.reason) <= room else f"{one.reason[: room - 1]}…"
        return [
            Segment("! ", Style(color="yellow")),
            Segment(f"{one.label:<{LABEL_COLUMNS}} "),
            Segment(reason, Style(dim=True)),
        ]

    @property
    def chosen(self) -> RequiredAnswer | None:
        """Return the answer with the cursor."""
        return self.missing[self.active] if self.active < len(self.missing) else None

    def activated(self) -> None:
        self.post_message(self.AnswerHighlighted())

    def action_answer(self) -> None:
        if self.chosen is not None:
            self.post_message(self.Chosen(self.chosen))

    def clicked(self, *, again: bool) -> None:
        self.action_answer()
