"""Ask whether to keep an IP address on trial, and show the remaining seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from piwizard.screens.closing import close
from piwizard.screens.dialog import Dialog
from piwizard.screens.messages import ActionPressed
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.action_button import ActionButton

if TYPE_CHECKING:
    from piwizard.network.address_trial import AddressTrial


class KeepAddressDialog(Dialog[bool]):
    """A dialog that returns whether to keep the address.

    It opens by itself, so the button "Not now" has the focus. It closes by itself when the trial is over.
    """

    def __init__(self, service: ScreenService, trial: AddressTrial) -> None:
        super().__init__()
        self._service, self._trial = service, trial

    def compose(self) -> ComposeResult:
        yield Static(self._question_text(), markup=False, id="ask-question")
        with Horizontal():
            yield ActionButton("later", "Not now")
            yield ActionButton("keep", "Keep")

    def on_mount(self) -> None:
        self.set_interval(1, self._count)

    def _question_text(self) -> str:
        back = self._trial.before or "the old settings"
        return (
            f"Testing {self._trial.host}: {self._trial.left} s left.\n"
            f"Keep this address? If you do nothing, {back} returns."
        )

    def _count(self) -> None:
        if self._service.trial() != self._trial:
            close(self, False)  # a page over it, such as the help, stays: then at its end
            return
        self.query_one("#ask-question", Static).update(self._question_text())

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        close(self, event.name == "keep")
