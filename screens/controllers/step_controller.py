"""Show the chosen step: its status, its questions, and what the tab in front says of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread

if TYPE_CHECKING:
    from textual.timer import Timer

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.navigation_controller import NavigationController
    from piwizard.screens.controllers.run_monitor import RunMonitor
    from piwizard.screens.log.log_pane import LogPane
    from piwizard.screens.panes.checks_pane import ChecksPane
    from piwizard.screens.panes.plan_pane import PlanPane
    from piwizard.screens.panes.setup_pane import SetupPane
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.steps.registry import StepInstance

SETTLING = 0.15
"""Seconds that the cursor rests on a step before anything slow is asked about it."""
PATIENCE = 0.4
"""Seconds without an answer after which the screen says that it is being worked out."""


class StepController:
    """Own what is shown of the chosen step."""

    def __init__(
        self,
        service: ScreenService,
        host: Host,
        inspection: InspectionController,
        navigation: NavigationController,
        monitor: RunMonitor,
        *,
        sidebar: Sidebar,
        setup_pane: SetupPane,
        plan_pane: PlanPane,
        log_pane: LogPane,
        checks_pane: ChecksPane,
    ) -> None:
        self._service, self._host, self._monitor = service, host, monitor
        self._inspection, self._navigation, self._sidebar = inspection, navigation, sidebar
        self._setup_pane, self._plan_pane, self._log_pane, self._checks_pane = (
            setup_pane, plan_pane, log_pane, checks_pane,
        )  # fmt: skip
        self._opened: StepInstance | None = None
        """A step that was opened before its questions were known."""

    def highlight(self, place: StepInstance) -> None:
        """Show what is known of a step at once, and ask for the rest when the cursor rests on it."""
        self._opened = None
        self._setup_pane.show(place)
        self._host.set_timer(SETTLING, lambda: self._settle(place))

    def _settle(self, place: StepInstance) -> None:
        if self._host.alive and place == self._navigation.place:
            self.show(place)

    def show(self, place: StepInstance) -> None:
        """Show everything about a step, also what takes long to find out."""
        self.show_status(place)
        self.fill_tab()
        self.ask(place)

    def ask(self, place: StepInstance) -> None:
        """Find out what the step asks, and show it."""

        async def body() -> None:
            waiting = self._host.set_timer(
                PATIENCE, lambda: self._host.start(partial(self._setup_pane.wait, place), "wait")
            )
            try:
                asked = await run_in_thread(lambda: self._service.asked(place))
            except PiwizardError as error:
                known(waiting)
                if self._host.alive:
                    await self._setup_pane.refuse(error.sentence)
            else:
                known(waiting)
                if self._host.alive and place == self._navigation.place:
                    await self._setup_pane.ask(place, asked)
                    self._enter(place)
            finally:
                waiting.stop()

        def known(waiting: Timer) -> None:
            waiting.stop()
            self._host.cancel("wait")  # begun this very moment, it would stay on the screen

        self._host.start(body, "ask")

    def show_status(self, place: StepInstance) -> None:
        """Show the status of a step, and how its last run ended."""
        outcome = self._inspection.outcome(place)
        if outcome is None:
            self._inspection.read_outcome(place, lambda: self._show_status_of(place))
            return
        overview = self._inspection.overview
        status = overview.status(place) if overview else None
        show = partial(self._setup_pane.show_status, place, status, self._sidebar.state(place), outcome)
        self._host.start(show, "status")

    def _show_status_of(self, place: StepInstance) -> None:
        if place == self._navigation.place:
            self.show_status(place)

    def fill_tab(self) -> None:
        """Fill the tab in front with what belongs to the chosen step."""
        place = self._navigation.place
        if place is None:
            return
        match self._navigation.tab:
            case "Plan":
                plan = self._plan_pane
                plan.wait()
                self._host.run_in_background(
                    lambda: self._service.plan(place), plan.show, group="tab", refused=plan.refuse
                )
            case "Checks":
                checks = self._checks_pane
                checks.wait()
                self._host.run_in_background(
                    lambda: self._service.checks(place), checks.show, group="tab", refused=checks.refuse
                )
            case "Log":
                self.show_log(place)

    def show_log(self, place: StepInstance) -> None:
        """Show the log of the run under way if it is about this step, otherwise that of its last run."""
        entry = self._inspection.overview.entry(place) if self._inspection.overview else None
        step = (place.step.name, place.site)
        watch = self._monitor.show(step, entry.run if entry else None)
        self._log_pane.show(watch, live=watch is not None and watch is self._monitor.live)
        self._log_pane.jump(step)

    def open(self) -> None:
        """Go into the chosen step: into its questions as soon as they are there."""
        place = self._navigation.place
        waits = place is not None and not self._setup_pane.form.is_of(place) and not self._setup_pane.refused
        if self._navigation.tab == "Setup" and waits:
            self._opened = place
        else:
            self._navigation.focus_pane()

    def _enter(self, place: StepInstance) -> None:
        """Go into a step that was opened before, unless the cursor has gone elsewhere since."""
        opened, self._opened = self._opened, None
        if opened == place and self._navigation.tab == "Setup" and self._sidebar.has_focus:
            self._host.call_after_refresh(self._navigation.focus_pane)
