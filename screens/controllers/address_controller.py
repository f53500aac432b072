"""Ask whether to keep an IP address that is on trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.pages.keep_address import KeepAddressDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from piwizard.network.address_trial import AddressTrial
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.screen_service import ScreenService


class AddressController:
    """Remembers which address it has asked about.

    `typing` returns whether the user is typing in a form; then no dialog opens.
    """

    def __init__(self, service: ScreenService, host: Host, typing: Callable[[], bool]) -> None:
        self._service, self._host, self._typing = service, host, typing
        self._asked_about = ""

    def poll(self) -> None:
        """Ask once about each address that is on trial."""
        trial = self._service.trial()
        if trial and trial.name != self._asked_about and self._service.on_wire(trial):
            if self._typing():
                self._host.notify_line(f"Testing {trial.host}: {trial.left} s left. Press Esc, then k, to keep it.")
            else:
                self._ask(trial)

    def ask_again(self) -> bool:
        """Ask again; return whether an address is on trial."""
        trial = self._service.trial()
        if trial:
            self._ask(trial)
        return trial is not None

    def _ask(self, trial: AddressTrial) -> None:
        self._asked_about = trial.name

        def answered(keep: bool | None) -> None:
            if keep:
                self._host.run_in_background(self._service.confirm, self._kept, group="confirm")
            elif self._service.trial() == trial:
                self._host.notify_line(f"{trial.host} is still being tested. Press k to keep it.")

        self._host.open(KeepAddressDialog(self._service, trial), answered)

    def _kept(self, trial: AddressTrial) -> None:
        self._host.notify_line(f"This Pi keeps the address {trial.host}, even after a restart.", "green")
