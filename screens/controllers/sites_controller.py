"""Add another site."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.screens.home.new_site_page import TITLE, WHY, NewSitePage

if TYPE_CHECKING:
    from piwizard.screens.controllers.answers_controller import AnswersController
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.navigation_controller import NavigationController
    from piwizard.screens.machine_overview import MachineOverview
    from piwizard.screens.widgets.setup_pane import SetupPane
    from piwizard.screens.widgets.sidebar import Sidebar


class SitesController:
    """Asks for the name of a new site and adds it."""

    def __init__(
        self,
        host: Host,
        inspection: InspectionController,
        navigation: NavigationController,
        answers: AnswersController,
        *,
        sidebar: Sidebar,
        setup_pane: SetupPane,
    ) -> None:
        self._host, self._inspection, self._navigation, self._answers = host, inspection, navigation, answers
        self._sidebar, self._setup_pane = sidebar, setup_pane

    def introduce(self) -> None:
        """Explain what another site is."""
        self._navigation.choose_tab("Setup", keep_cursor=True)
        self._host.start(partial(self._setup_pane.introduce, TITLE, WHY), "ask")

    def ask_name(self) -> None:
        """Ask for the name of a new site, then add it."""
        if self._host.in_front:  # else Enter was pressed twice
            sites = list(self._inspection.overview.domains) if self._inspection.overview else []
            self._host.open(NewSitePage(sites), self._add)

    def _add(self, name: str | None) -> None:
        def added(overview: MachineOverview) -> None:
            self._inspection.accept(overview, thorough=False)
            first = next((instance for instance in overview.instances if instance.site == name), None)
            if first is not None:
                self._sidebar.choose(first.step.name, name)

        if name is not None:
            self._answers.add_site(name, added)
