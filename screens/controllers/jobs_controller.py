"""Show how far background jobs are, which continue the work of a step after its run, and stop them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.screens.pages.yes_no_dialog import YesNoDialog

if TYPE_CHECKING:
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.run_monitor import RunMonitor
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.system.background_job import JobProgress

SECONDS_BETWEEN_POLLS = 2.0


class JobsController:
    """Own the background jobs. While a run is under way, its own progress counts."""

    def __init__(
        self,
        service: ScreenService,
        host: Host,
        monitor: RunMonitor,
        inspection: InspectionController,
        sidebar: Sidebar,
    ) -> None:
        self._service, self._host, self._monitor = service, host, monitor
        self._inspection, self._sidebar = inspection, sidebar

    @property
    def running(self) -> str:
        """The name of the step whose job runs, as far as the sidebar knows; empty if none does."""
        steps = (place for place in self._sidebar.steps if place.step.background)
        return next((place.step.name for place in steps if self._sidebar.state(place) == "running"), "")

    def poll(self) -> None:
        """Ask for the jobs if a step counts as running although no run is under way."""
        if self._host.alive and self._monitor.live is None and self.running:
            self._host.run_in_background(self._service.jobs, self._show, group="jobs")

    def _show(self, jobs: dict[str, JobProgress]) -> None:
        """Show how far each job is; inspect the machine if one has ended without a run."""
        for place in self._sidebar.steps:
            if place.step.name in jobs:
                self._sidebar.mark(place, "running", f"{jobs[place.step.name].percent}%")
            elif place.step.background and self._sidebar.state(place) == "running" and self._monitor.live is None:
                self._inspection.inspect(thorough=True)

    def stop(self) -> None:
        """Ask, then stop the job that runs."""
        step = self.running

        def answered(yes: bool | None) -> None:
            if yes:
                self._host.notify_line("Stopping…", "dim")
                self._host.run_in_background(partial(self._service.stop_job, step), lambda _: None, group="stop")

        if step:
            question = "Stop the background job? Next time it starts from the beginning."
            self._host.open(YesNoDialog(question, "Stop"), answered)
        else:
            self._host.notify_line("Nothing is running.")
