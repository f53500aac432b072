"""Ask whether to keep an IP address on trial, and show the remaining seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.screens.messages import ActionPressed
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.action_button import ActionButton

if TYPE_CHECKING:
    from piwizard.network.address_trial import AddressTrial

SECONDS_TO_READ_QUESTION = 0.3
"""Seconds after the dialog opens in which no key counts as a yes."""


class KeepAddressDialog(ModalScreen[bool]):
    """A dialog that returns whether to keep the address.

    It closes by itself when the trial is over. It also opens by itself, so keys typed for the page below must not count
    as a yes: the cursor is on the button "Not now", and a yes counts only after SECONDS_TO_READ_QUESTION.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("k,y", "keep"), Binding("n,escape,q", "later")]

    def __init__(self, service: ScreenService, trial: AddressTrial) -> None:
        super().__init__(classes="ask")
        self._service, self._trial = service, trial
        self._opened = time.monotonic()

    def compose(self) -> ComposeResult:
        yield Static(self._question_text(), markup=False, id="ask-question")
        with Horizontal():
            yield ActionButton("later", "Not now")
            yield ActionButton("keep", "Keep (k)")

    def on_mount(self) -> None:
        self._opened = time.monotonic()
        self.set_interval(1, self._count)

    def _question_text(self) -> str:
        back = self._trial.before or "the old settings"
        return (
            f"Testing {self._trial.host}: {self._trial.left} s left.\n"
            f"Keep this address? If you do nothing, {back} returns."
        )

    def _count(self) -> None:
        if self._service.trial() != self._trial:
            self.dismiss(False)
            return
        self.query_one("#ask-question", Static).update(self._question_text())

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        if event.name == "keep":
            self.action_keep()
        else:
            self.dismiss(False)

    def action_keep(self) -> None:
        if time.monotonic() - self._opened > SECONDS_TO_READ_QUESTION:
            self.dismiss(True)

    def action_later(self) -> None:
        self.dismiss(False)
