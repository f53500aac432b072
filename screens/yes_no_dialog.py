"""Ask a question with yes and no."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from piwizard.screens.closing import close
from piwizard.screens.dialog import Dialog
from piwizard.screens.messages import ActionPressed
from piwizard.screens.widgets.action_button import ActionButton


class YesNoDialog(Dialog[bool]):
    """A dialog that returns whether the answer is yes. The button "No" has the focus."""

    def __init__(self, question: str, yes: str, no: str = "No") -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        yield Static(self._question, markup=False, id="ask-question")
        with Horizontal():
            yield ActionButton("no", self._no)
            yield ActionButton("yes", self._yes)

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        close(self, event.name == "yes")
