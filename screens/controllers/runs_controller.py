"""Propose, start, follow and stop runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.screens.home.confirm_run import ConfirmRun
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.answer_labels import sentence_of
from piwizard.steps.registry import step_named
from piwizard.steps.step import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from piwizard.screens.controllers.answers_controller import AnswersController
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.navigation_controller import NavigationController
    from piwizard.screens.controllers.run_monitor import RunMonitor
    from piwizard.screens.controllers.step_controller import StepController
    from piwizard.screens.machine_overview import MachineOverview
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.log_pane import LogPane
    from piwizard.screens.widgets.run_bar import RunBar
    from piwizard.screens.widgets.run_watch import RunWatch
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.setup.service import Proposal
    from piwizard.steps.registry import StepInstance

POLLS_PER_SECOND = 5


class RunsController:
    """Accompanies a run from its proposal to its end."""

    def __init__(
        self,
        service: ScreenService,
        host: Host,
        monitor: RunMonitor,
        *,
        inspection: InspectionController,
        navigation: NavigationController,
        steps: StepController,
        answers: AnswersController,
        sidebar: Sidebar,
        log_pane: LogPane,
        run_bar: RunBar,
        open_router: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        """`open_router` shows what to enter in the router by hand, for a site."""
        self._open_router = open_router
        self._service, self._host, self._monitor = service, host, monitor
        self._inspection, self._navigation, self._steps, self._answers = inspection, navigation, steps, answers
        self._sidebar, self._log_pane, self._run_bar = sidebar, log_pane, run_bar

    def propose(self, *, again: bool = False) -> None:
        """Show the plan of the chosen step and of those it needs, and ask to apply it.

        `again` plans the step even if it is done.
        """
        instance = self._navigation.chosen
        if instance is not None:
            self._propose(instance, again=again or self._sidebar.state(instance) == "done")

    def propose_all(self) -> None:
        """Show the plan of all remaining steps, and ask to apply it."""
        self._propose(None)

    def _propose(self, instance: StepInstance | None, *, again: bool = False) -> None:
        if self._monitor.live is not None:
            self._host.notify_line("A run is in progress. Wait until it has ended, or stop it by its button.")
            return

        async def body() -> None:
            await self._answers.flush()
            if self._host.in_front:  # else the key was pressed twice
                plan = partial(self._service.proposal, instance, again=again)
                confirm = ConfirmRun(plan, usual=self._expected_seconds(instance))
                self._host.open(confirm, self._answered)

        self._host.start(body, "propose")

    def _expected_seconds(self, instance: StepInstance | None) -> float:
        if instance is not None:
            return self._inspection.expected_seconds(instance)
        wanted = (one for one in self._sidebar.steps if not self._sidebar.waits(one))
        return sum(
            self._inspection.expected_seconds(one)
            for one in wanted
            if self._sidebar.state(one) not in ("done", "skipped")
        )

    def _answered(self, answer: Proposal | PiwizardError | None) -> None:
        if isinstance(answer, PiwizardError):
            self._host.notify_line(sentence_of(answer))
            if answer.key:
                self._navigation.show_question(answer.key)
        elif answer is not None:
            self._host.notify_line("Starting…", "dim")
            self._host.run_in_background(partial(self._service.start, answer), self._started, group="start")

    def _started(self, run: str) -> None:
        self._host.notify_line("")
        self._log_pane.show(self._monitor.started(run), live=True)
        self._navigation.choose_tab("Log")
        self._navigation.focus_pane()
        self.poll()

    def poll(self) -> None:
        """Show what is new in the events of the runs."""
        if not self._host.alive:
            return
        self._log_pane.update_reading()
        update = self._monitor.poll()
        if update.grown and self._navigation.tab == "Log":
            self._log_pane.grown()
        if update.ended is not None:
            self._ended(update.ended)
        live = self._monitor.live
        if live is None:
            self._run_bar.show(None)
        elif live.progress.step is not None:
            self._show_live(live)

    def _show_live(self, live: RunWatch) -> None:
        progress = live.progress
        for instance in self._sidebar.steps:
            key = (instance.step.name, instance.site)
            result = progress.results.get(key)
            if key == progress.step and result is None:
                begins = self._sidebar.state(instance) != "running"
                self._sidebar.mark(
                    instance, "running", f"{progress.number} of {progress.changes}" if progress.changes else ""
                )
                if begins and instance == self._navigation.chosen:
                    self._steps.show_status(instance)
                self._run_bar.show(progress, instance.step.title, self._inspection.expected_seconds(instance))
            elif result and self._sidebar.state(instance) == "running":
                state = "todo" if progress.undo and result == "done" else result
                self._sidebar.mark(instance, "interrupted" if state == "stopped" else state)

    def _ended(self, watch: RunWatch) -> None:
        progress = watch.progress
        self._show_live(watch)
        self._run_bar.show(None)
        done = progress.result == "done"
        if done:
            self._service.look_for_new_code()
            self._host.notify_line("Done. Checking the result…", "green")
        elif progress.result == "failed":
            self._host.notify_line(f"{progress.failure} {progress.hint}".strip(), "bold red")
        else:
            self._host.notify_line("The run was interrupted. Choose Continue at its step.")
        if not done and progress.step and not self._navigation.typing:
            self._sidebar.choose(*progress.step)
        ran = {step_named(name).stage for (name, _), result in progress.results.items() if result == "done"}
        if done and not progress.undo and Stage.ROUTER in ran:
            self._host.run_in_background(self._service.site_waiting_for_router, self._show_router, group="router")
        after_run = partial(self._after_run, done=done and not progress.undo)
        self._inspection.inspect(thorough=True, then=after_run, group="ended")

    def _show_router(self, site: str | None) -> None:
        """Show what is left to do by hand, unless the user is elsewhere by now."""
        if site is not None and self._host.in_front:
            self._host.start(partial(self._open_router, site), "router")

    def _after_run(self, overview: MachineOverview, *, done: bool) -> None:
        self._inspection.accept(overview, thorough=True)
        if self._navigation.chosen:
            self._steps.show(self._navigation.chosen)
        if done:
            self._host.notify_line(
                "Done." + (" Press Esc to return to the steps." if self._navigation.typing else ""), "green"
            )

    def stop(self) -> None:
        """Ask for confirmation, then stop the current run."""
        live = self._monitor.live
        if live is None:
            self._host.notify_line("Nothing is running.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._host.notify_line("Stopping safely…", "dim")
                self._host.run_in_background(partial(self._service.stop, live.run), lambda _: None, group="stop")

        self._host.open(YesNoDialog("Stop the current run? You can continue it later.", "Stop"), answered)
