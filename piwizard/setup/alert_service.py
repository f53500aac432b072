"""Give screens the open problems, the last messages, and a test of the addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.alerts.alert_state import AlertState
    from piwizard.alerts.sending import SendResult


@dataclass(frozen=True)
class AlertOverview:
    """The alerts of this machine.

    `addresses` is the number of addresses; none: alerts are not set up. `failed_logins` is that of the last check.
    """

    addresses: int
    quiet: str
    heartbeat: bool
    state: AlertState
    failed_logins: int | None


class AlertService(SetupService):
    """The setup service with what belongs to alerts."""

    def alert_overview(self) -> AlertOverview:
        """Return the open problems, the last messages and the settings. Sends nothing."""
        from piwizard.alerts import alert_state
        from piwizard.setup import alert_check, alert_inspection

        planner = self._planner()
        try:
            settings = alert_check.settings(planner)
        except PiwizardError:  # the step has not run
            settings = alert_check.AlertSettings(())
        last = alert_inspection.load_inspection()
        return AlertOverview(
            len(settings.addresses),
            settings.quiet,
            bool(settings.heartbeat),
            alert_state.load(),
            last.logins if last else None,
        )

    def send_test_alert(self) -> list[tuple[str, SendResult]]:
        """Send a test message to each address, and return the results by their names."""
        from piwizard.setup import alert_check

        return alert_check.send_test()
