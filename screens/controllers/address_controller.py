"""Ask whether to keep an IP address that is on trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.home.keep_address import KeepAddressDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from piwizard.network.address_trial import AddressTrial
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.screen_service import ScreenService


class AddressController:
    """Remembers which address it has asked about.

    It does not ask by itself where piwizard was started over the old address.

    `host` returns the page in front, `typing` whether the user is in a field; then no dialog opens.
    """

    def __init__(self, service: ScreenService, host: Callable[[], Host], typing: Callable[[], bool]) -> None:
        self._service, self._host, self._typing = service, host, typing
        self._asked_about = ""

    def poll(self) -> None:
        """Ask once about each address that is on trial."""
        trial = self._service.trial()
        if trial and trial.name != self._asked_about and self._service.on_wire(trial):
            if login := self._service.way_to_confirm(trial):
                self._host().notify_line(
                    f"Testing {trial.host}: {trial.left} s left. You are connected to {trial.before}. "
                    f"To keep the new address, log in with {login}."
                )
            elif self._typing():
                self._host().notify_line(f"Testing {trial.host}: {trial.left} s left. Leave the field to keep it.")
            else:
                self._ask(trial)

    def ask_again(self) -> None:
        """Ask again if an address is on trial."""
        trial = self._service.trial()
        if trial:
            self._ask(trial)
        else:
            self._host().notify_line("No address is being tested.")

    def _ask(self, trial: AddressTrial) -> None:
        self._asked_about = trial.name
        host = self._host()

        def answered(keep: bool | None) -> None:
            if keep:
                host.run_in_background(self._service.confirm, self._kept, group="confirm")
            elif self._service.trial() == trial:
                host.notify_line(f"{trial.host} is still being tested. Ctrl+P, “Keep the address”, asks again.")

        host.open(KeepAddressDialog(self._service, trial), answered)

    def _kept(self, trial: AddressTrial) -> None:
        self._host().notify_line(f"This Pi keeps the address {trial.host}, even after a restart.", "green")
