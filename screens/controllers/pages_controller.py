"""Open the pages over the main screen, and keep the welcome page up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.pages.checkup_page import CheckupPage
from piwizard.screens.pages.summary_page import SummaryPage
from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage

if TYPE_CHECKING:
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.screen_service import ScreenService


class PagesController:
    """Gives the pages what is known of the machine."""

    def __init__(self, service: ScreenService, host: Host, inspection: InspectionController) -> None:
        self._service, self._host, self._inspection = service, host, inspection

    def update_welcome_page(self) -> None:
        """Show the newest overview on the welcome page if it is open."""
        overview = self._inspection.overview
        if overview is None:
            return
        for page in self._host.open_pages:
            if isinstance(page, WelcomePage):
                page.show(overview)
            elif isinstance(page, WelcomeBackPage):
                page.show(overview, self._inspection.outcomes, thorough=self._inspection.thorough)

    def open_summary(self) -> None:
        """Open the summary, once the machine has been inspected."""
        overview = self._inspection.overview
        if overview is not None:
            self._host.open(SummaryPage(overview, only_ascii=self._host.only_ascii, checkup=self.open_checkup))

    def open_checkup(self) -> None:
        """Open the checkup, which runs its checks at once."""
        self._host.open(CheckupPage(self._service))
