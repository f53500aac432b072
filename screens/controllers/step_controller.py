"""Show the chosen step: its status, its questions, and the tab in front."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread
from piwizard.setup.answer_labels import sentence_of

if TYPE_CHECKING:
    from textual.timer import Timer

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.navigation_controller import NavigationController
    from piwizard.screens.controllers.run_monitor import RunMonitor
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.checks_pane import ChecksPane
    from piwizard.screens.widgets.log_pane import LogPane
    from piwizard.screens.widgets.plan_pane import PlanPane
    from piwizard.screens.widgets.setup_pane import SetupPane
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.steps.registry import StepInstance

SETTLING_SECONDS = 0.15
"""Seconds that the cursor rests on a step before slow questions about it are asked."""
SECONDS_UNTIL_NOTICE = 0.4
"""Seconds without an answer after which the screen says that it is being worked out."""


class StepController:
    """Fills the panes with what belongs to the chosen step."""

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

    def highlight(self, instance: StepInstance) -> None:
        """Show what is known of a step, and ask for the rest when the cursor rests on it."""
        self._opened = None
        self._setup_pane.show(instance)
        self._host.set_timer(SETTLING_SECONDS, lambda: self._settle(instance))

    def _settle(self, instance: StepInstance) -> None:
        if self._host.alive and instance == self._navigation.chosen:
            self.show(instance)

    def show(self, instance: StepInstance) -> None:
        """Show everything about a step, including what takes long to find out."""
        self.show_status(instance)
        self.fill_tab()
        self.ask(instance)

    def ask(self, instance: StepInstance) -> None:
        """Find out what the step asks, and show it."""

        async def body() -> None:
            waiting = self._host.set_timer(
                SECONDS_UNTIL_NOTICE, lambda: self._host.start(partial(self._setup_pane.wait, instance), "wait")
            )
            try:
                asked = await run_in_thread(lambda: self._service.asked(instance))
            except PiwizardError as error:
                known(waiting)
                if self._host.alive:
                    await self._setup_pane.refuse(sentence_of(error))
            else:
                known(waiting)
                if self._host.alive and instance == self._navigation.chosen:
                    await self._setup_pane.ask(instance, asked)
                    self._enter(instance)
            finally:
                waiting.stop()

        def known(waiting: Timer) -> None:
            waiting.stop()
            self._host.cancel("wait")  # begun this very moment, it would stay on the screen

        self._host.start(body, "ask")

    def answer_saved(self, key: str) -> None:
        """Update what depends on an answer that is on disk now."""
        instance = self._navigation.chosen
        if key == "site.name" or "." not in key or (instance and instance.step.optional):
            self._inspection.inspect(thorough=False)
        if instance and key != "site.name":  # then the steps of the site change, and the inspection finds them
            self.ask(instance)

    def show_status(self, instance: StepInstance) -> None:
        """Show the status of a step, and how its last run ended."""
        outcome = self._inspection.outcome(instance)
        if outcome is None:
            self._inspection.read_outcome(instance, lambda: self._show_status_of(instance))
            return
        overview = self._inspection.overview
        status = overview.status(instance) if overview else None
        show = partial(self._setup_pane.show_status, instance, status, self._sidebar.state(instance), outcome)
        self._host.start(show, "status")

    def _show_status_of(self, instance: StepInstance) -> None:
        if instance == self._navigation.chosen:
            self.show_status(instance)

    def fill_tab(self) -> None:
        """Fill the tab in front with what belongs to the chosen step."""
        instance = self._navigation.chosen
        if instance is None:
            return
        match self._navigation.tab:
            case "Plan":
                plan = self._plan_pane
                plan.wait()
                self._host.run_in_background(
                    lambda: self._service.plan(instance), plan.show, group="tab", refused=plan.refuse
                )
            case "Checks":
                checks = self._checks_pane
                checks.wait()
                self._host.run_in_background(
                    lambda: self._service.checks(instance), checks.show, group="tab", refused=checks.refuse
                )
            case "Log":
                self.show_log(instance)

    def show_log(self, instance: StepInstance) -> None:
        """Show the log of the current run if it includes this step, else of its last run."""
        entry = self._inspection.overview.entry(instance) if self._inspection.overview else None
        step = (instance.step.name, instance.site)
        watch = self._monitor.show(step, entry.run if entry else None)
        self._log_pane.show(watch, live=watch is not None and watch is self._monitor.live)
        self._log_pane.jump(step)

    def open(self) -> None:
        """Move the cursor into the chosen step, as soon as its questions are known."""
        instance = self._navigation.chosen
        waits = instance is not None and not self._setup_pane.form.is_of(instance) and not self._setup_pane.refused
        if self._navigation.tab == "Setup" and waits:
            self._opened = instance
        else:
            self._navigation.focus_pane()

    def _enter(self, instance: StepInstance) -> None:
        """Move the cursor into a step that was opened before, unless the user has moved it."""
        opened, self._opened = self._opened, None
        if opened == instance and self._navigation.tab == "Setup" and self._sidebar.has_focus:
            self._host.call_after_refresh(self._navigation.focus_pane)
