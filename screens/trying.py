"""An address on trial: asked about once by itself, and again with k."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.pages.keep_address import KeepAddressDialog
from piwizard.screens.running import Running

if TYPE_CHECKING:
    from piwizard.network.address_trial import Trial


class Trying(Running):
    """Running, with an eye on the address."""

    _asked_about = ""

    def on_mount(self) -> None:
        self.set_interval(1, self._look_for_a_trial)

    def _look_for_a_trial(self) -> None:
        trial = self.backend.trial()
        if trial and trial.name != self._asked_about and self.backend.on_wire(trial):
            if self.answering:
                self.notice(f"{trial.host} is on trial, {trial.left} s left. Esc, then k keeps it.")
            else:
                self._ask_about(trial)

    def _ask_about(self, trial: Trial) -> None:
        self._asked_about = trial.name

        def answered(keep: bool | None) -> None:
            if keep:
                self.later(self.backend.confirm, self._kept, group="confirm")
            elif self.backend.trial() == trial:
                self.notice(f"{trial.host} is on trial still; k keeps it.")

        self.app.push_screen(KeepAddressDialog(self.backend, trial), answered)

    def _kept(self, trial: Trial) -> None:
        self.notice(f"{trial.host} stays, also after a restart.", "green")

    def action_skip(self) -> None:
        trial = self.backend.trial()
        if trial:
            self._ask_about(trial)
        else:
            super().action_skip()
