"""Show a question on a page of the setup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.screens.widgets.choice_list import ChoiceList
from piwizard.screens.widgets.fields import YES_NO, Field

if TYPE_CHECKING:
    from textual.widget import Widget

MAX_CHOICES = 9


class PageField(Field):
    """A question whose choices are all visible.

    A ✓ means that the answer was verified, not that it is saved.
    """

    def _show_label(self) -> None:
        self._label.update(Text(self.question.prompt))

    def _make_editor(self) -> Widget:
        question, kept = self.question, self._kept
        if question.kind == "yesno":
            return ChoiceList([*YES_NO.items()], _yes_no(kept), _yes_no(question.default))
        if question.kind == "choice" and len(question.choices) <= MAX_CHOICES:
            return ChoiceList([*question.choices.items()], str(kept or ""), str(question.default or ""))
        return super()._make_editor()

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        event.stop()
        self.commit()

    def on_choice_list_taken(self, event: ChoiceList.Taken) -> None:
        event.stop()
        self.accept()


def _yes_no(value: object) -> str:
    return "" if value is None else "yes" if value else "no"
