"""Show how new versions of a site get online, and what to enter where for that."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.deploys.deploy_ways import KEY
from piwizard.screens.home.overview_text import age
from piwizard.screens.home.reporting_page import ReportingPage
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.state_rows import StateRow, state_rows
from piwizard.setup.form_page import FormPage
from piwizard.setup.site_releases import SHORT_COMMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.deploy_status import DeployStatus

NO_SECRET = "It is generated when “Automatic deploys” is installed: choose “Change settings”, then “Review changes”."


class DeploysPage(ReportingPage):
    """The ways of a site, the last result, and the addresses for pushes and webhooks.

    The secret of a webhook is shown only when its button is pressed.
    """

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="deploys")
        self.site = site
        self.status: DeployStatus | None = None
        self._secret: str | None = None

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.status is None:
            return (("back", "Back"),)
        secret = [("secret", "Show the secret")] if self.status.webhook_url and self._secret is None else []
        return (("back", "Back"), *secret, ("settings", "Change settings"))

    def on_mount(self) -> None:
        self.show_title(f"{self.site} · Automatic deploys")

    def read(self) -> None:
        self.read_for(self.text, partial(self.service.deploy_status, self.site), self._show, group="read")

    def _show(self, status: DeployStatus) -> None:
        self.status = status
        self.show_text(state_rows(deploy_rows(status, datetime.now(UTC))), deploy_addresses(status, self._secret))

    async def action_settings(self) -> None:
        """Open the questions about deploys on the page of all settings."""
        await self.navigator.open_setup(self.site, FormPage.ALL, KEY)

    def action_secret(self) -> None:
        """Show the secret of the webhook."""
        self.run_in_background(partial(self.service.webhook_secret, self.site), self._show_secret, group="secret")

    def _show_secret(self, secret: str | None) -> None:
        if secret is None:
            self.notify_line(NO_SECRET)
        elif self.status is not None:
            self._secret = secret
            self._show(self.status)


def deploy_rows(status: DeployStatus, now: datetime) -> list[StateRow]:
    """Return the ways of a site, its last deploy, and refused commits."""
    rows: list[StateRow] = [("✓" if status.ways else "○", "New versions", _capital(status.sentence))]
    if last := status.last:
        past = age(last.at, now)
        result = f"{status.result}{f', {past} ago' if past else ''}"
        rows.append(("✓" if last.result == "deployed" else "!", f"Last by {last.way}", _capital(result)))
        if last.result != "deployed":
            rows.append(("!", "Reason", last.detail))
    for refused in status.record.refused:
        if status.last is None or refused.commit != status.last.commit:
            rows.append(("○", "Not tried again", f"{refused.commit[:SHORT_COMMIT]}: {refused.reason}"))
    return rows


def deploy_addresses(status: DeployStatus, secret: str | None) -> Text:
    """Return what to enter on a computer and at the git server."""
    text = Text()
    if status.push_url:
        text.append("\nOn your computer\n", "bold")
        text.append(clean(f"  git remote add pi {status.push_url}")).append("\n")
        text.append(clean(f"  git push pi {status.branch}")).append("\n")
    if status.webhook_url:
        text.append("\nAt your git server, in the settings of the repository\n", "bold")
        text.append("Add a webhook for pushes, with JSON as its content type.\n")
        text.append("  URL             ", "dim").append(clean(status.webhook_url)).append("\n")
        shown = "shown before" if status.record.secret_shown else "not shown yet"
        text.append("  Secret          ", "dim").append(clean(secret) if secret else f"hidden, {shown}").append("\n")
    return text


def _capital(words: str) -> str:
    return words if words.startswith(("piwizard", "you run `")) or not words else f"{words[0].upper()}{words[1:]}"
