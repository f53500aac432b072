"""Show open problems and the last alerts, and test the addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text

from piwizard.screens.home.overview_text import moment
from piwizard.screens.home.reporting_page import ReportingPage
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.state_rows import StateRow, state_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.alerts.sending import SendResult
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.alert_service import AlertOverview

NOT_SET_UP = (
    "Not set up. They tell you by mail, ntfy, Telegram and other services when something fails: the app, "
    "the domain, the certificate, the disk, the power."
)
ENDINGS = {"failed": "failed", "recovered": "OK again", "flapping": "fails again and again", "notice": ""}
SHOWN_MESSAGES = 10
SENDING = "Sending a test message"


class AlertsPage(ReportingPage):
    """The alerts of this Pi: open problems first."""

    TITLE: ClassVar[str] = "Alerts"

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="alerts-page")
        self.overview: AlertOverview | None = None

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.overview is None:
            return (("back", "Back"),)
        if not self.overview.addresses:
            return (("back", "Back"), ("settings", "Set up alerts"))
        return (("back", "Back"), ("settings", "Change settings"), ("test", "Send a test message"))

    def read(self) -> None:
        self.read_for(self.text, self.service.alert_overview, self._show, group="read")

    def _show(self, overview: AlertOverview) -> None:
        self.overview = overview
        if overview.addresses:
            self.show_text(state_rows(alert_rows(overview)), last_messages(overview, datetime.now(UTC)))
        else:
            self.show_text(state_rows([("○", "Alerts", NOT_SET_UP)]))

    async def action_settings(self) -> None:
        """Open the step with the addresses."""
        await self.navigator.open_steps("alerts")

    def action_test(self) -> None:
        """Send a test message to each address."""
        if self.begin(SENDING):
            self.run_in_background(self.service.send_test_alert, self._sent, group="work", refused=self.failed)

    def _sent(self, results: Sequence[tuple[str, SendResult]]) -> None:
        from piwizard.alerts.sending import REASONS

        refused = [f"{name}: {REASONS[result]}." for name, result in results if result != "sent"]
        sent = f"The test message was sent to {', '.join(name for name, _ in results)}."
        self.ended(clean(" ".join(refused) or sent), ok=not refused)


def alert_rows(overview: AlertOverview) -> list[StateRow]:
    """Return the open problems and the settings."""
    state = overview.state
    rows: list[StateRow] = [("✗", "Problem", f"{one.label}: {one.text}") for one in state.log.open.values()]
    if not rows:
        rows.append(("✓", "Problems", "none is open"))
    count = overview.addresses
    rows.append(("✓", "Sent to", "1 address" if count == 1 else f"{count} addresses"))
    if state.unsent:
        rows.append(("!", "Not sent yet", f"{len(state.unsent)} waiting"))
    rows.append(("✓" if overview.quiet else "○", "Quiet hours", overview.quiet or "none"))
    rows.append(("✓" if overview.heartbeat else "○", "Heartbeat", "on" if overview.heartbeat else "off"))
    if overview.failed_logins is not None:
        rows.append(("○", "Failed logins", f"{overview.failed_logins} at the last check"))
    return rows


def last_messages(overview: AlertOverview, now: datetime) -> Text:
    """Return the last messages, the newest first."""
    text, recent = Text(), overview.state.recent
    if recent:
        text.append("\nLast messages\n", "bold")
    for message in reversed(recent[-SHOWN_MESSAGES:]):
        ending = ENDINGS[message.kind]
        at = moment(datetime.fromtimestamp(message.at, UTC).isoformat(), now)
        text.append(f"{at:<20}", "dim").append(clean(f"{message.label}{f': {ending}' if ending else ''}"))
        text.append("\n")
    return text
