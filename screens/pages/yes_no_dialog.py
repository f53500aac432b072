"""Ask a question with yes and no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.screens.messages import ActionPressed
from piwizard.screens.widgets.action_button import ActionButton


class YesNoDialog(ModalScreen[bool]):
    """A dialog that returns whether the answer is yes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes"), Binding("n,escape,q", "no")]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__(classes="ask")
        self._question, self._yes = question, yes

    def compose(self) -> ComposeResult:
        yield Static(self._question, markup=False, id="ask-question")
        with Horizontal():
            yield ActionButton("no", "No")
            yield ActionButton("yes", self._yes)

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        self.dismiss(event.name == "yes")

    def action_yes(self) -> None:
        self.dismiss(True)

    def action_no(self) -> None:
        self.dismiss(False)
