"""Show the progress of background jobs, and stop them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.screens.yes_no_dialog import YesNoDialog

if TYPE_CHECKING:
    from piwizard.screens.controllers.host import Host
    from piwizard.screens.controllers.inspection_controller import InspectionController
    from piwizard.screens.controllers.run_monitor import RunMonitor
    from piwizard.screens.screen_service import ScreenService
    from piwizard.screens.widgets.sidebar import Sidebar
    from piwizard.system.background_job import JobProgress

SECONDS_BETWEEN_POLLS = 2.0


class JobsController:
    """Watches the background jobs, unless a run is in progress.

    A background job continues the work of a step after the run.
    """

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
        """Return the step whose job the sidebar shows as running; "" if there is none."""
        steps = (instance for instance in self._sidebar.steps if instance.step.background)
        return next((instance.step.name for instance in steps if self._sidebar.state(instance) == "running"), "")

    def poll(self) -> None:
        """Ask for the jobs if a step is shown as running although no run is in progress."""
        if self._host.alive and self._monitor.live is None and self.running:
            self._host.run_in_background(self._service.jobs, self._show, group="jobs")

    def _show(self, jobs: dict[str, JobProgress]) -> None:
        """Show the progress of each job; inspect the machine if one has ended without a run."""
        for instance in self._sidebar.steps:
            if instance.step.name in jobs:
                self._sidebar.mark(instance, "running", f"{jobs[instance.step.name].percent}%")
            elif instance.step.background and self._sidebar.state(instance) == "running" and self._monitor.live is None:
                self._inspection.inspect(thorough=True)

    def stop(self) -> None:
        """Ask for confirmation, then stop the job that is running."""
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
