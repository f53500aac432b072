"""The question whether an address that is on trial shall stay, with the seconds that are left."""

from __future__ import annotations

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


class KeepAddressDialog(ModalScreen[bool]):
    """Yes keeps it. No leaves it on trial. Goes by itself when the trial is over."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("k,y", "keep"), Binding("n,escape,q", "later")]

    def __init__(self, service: ScreenService, trial: AddressTrial) -> None:
        super().__init__(classes="ask")
        self._service, self._trial = service, trial

    def compose(self) -> ComposeResult:
        yield Static(self._words(), markup=False, id="ask-question")
        with Horizontal():
            yield ActionButton("keep", "Keep it (k)")
            yield ActionButton("later", "Not now")

    def on_mount(self) -> None:
        self.set_interval(1, self._count)

    def _words(self) -> str:
        back = self._trial.before or "the old settings"
        return (
            f"This address is on trial: {self._trial.host}, {self._trial.left} s left.\n"
            f"Keep it? Without a yes, {back} comes back by itself."
        )

    def _count(self) -> None:
        if self._service.trial() != self._trial:
            self.dismiss(False)
            return
        self.query_one("#ask-question", Static).update(self._words())

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        self.dismiss(event.name == "keep")

    def action_keep(self) -> None:
        self.dismiss(True)

    def action_later(self) -> None:
        self.dismiss(False)
