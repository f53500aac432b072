"""Inspect the machine, first quickly, then thoroughly, and read the last runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from piwizard.screens.widgets.run_outcome import RunOutcome, read_outcome
from piwizard.setup.estimates import expected_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from piwizard.screens.controllers.host import Host
    from piwizard.screens.machine_overview import MachineOverview
    from piwizard.screens.screen_service import ScreenService
    from piwizard.steps.registry import StepInstance

STOPPED_EARLY = ("failed", "interrupted")
"""States of a step whose last run left something to read in its log."""


class InspectionController:
    """Owns what is known of the machine.

    `inspected` is called after each new overview, with True for the first one.
    """

    def __init__(self, service: ScreenService, host: Host, *, inspected: Callable[[bool], None]) -> None:
        self._service, self._host, self._inspected = service, host, inspected
        self.overview: MachineOverview | None = None
        self.thorough = False
        """Whether the overview comes from probes and checks, not only from the recorded state."""
        self._outcomes: dict[StepInstance, tuple[str, RunOutcome]] = {}

    def inspect(
        self, *, thorough: bool, then: Callable[[MachineOverview], None] | None = None, group: str = "inspect"
    ) -> None:
        """Inspect the machine in the background.

        A quick inspection reads the recorded state; a thorough one probes and checks. `then` gets the overview; without
        it the controller accepts it. A newer inspection with the same `group` replaces an older one.
        """
        self._host.run_in_background(
            partial(self._service.overview, thorough=thorough),
            then or partial(self.accept, thorough=thorough),
            group=group,
        )

    def inspect_everything(self) -> None:
        """Inspect the machine again, and fetch new commits of the apps."""

        def inspected(overview: MachineOverview) -> None:
            self._host.notify_line("")
            self.accept(overview, thorough=True)

        self._service.look_for_new_code()
        self._host.notify_line("Refreshing…", "dim")
        self.inspect(thorough=True, then=inspected)

    def accept(self, overview: MachineOverview, *, thorough: bool) -> None:
        """Use a new overview. After a quick one, start a thorough inspection."""
        first = self.overview is None
        self.overview, self.thorough = overview, thorough
        if overview.trouble:
            self._host.notify_line(overview.trouble)
        self._inspected(first)
        if not thorough:
            self.inspect(thorough=True)

    def outcome(self, instance: StepInstance) -> RunOutcome | None:
        """Return how the last run of a step ended; None before `read_outcome` read it."""
        status = self.overview.status(instance) if self.overview else None
        run, outcome = self._outcomes.get(instance, ("", RunOutcome()))
        if status is None or status.state not in STOPPED_EARLY or not status.run:
            return RunOutcome()
        return outcome if run == status.run else None

    def read_outcome(self, instance: StepInstance, then: Callable[[], None]) -> None:
        """Read in the background how the last run of a step ended."""
        status = self.overview.status(instance) if self.overview else None
        run = status.run if status else None
        if run is None:
            return

        def known(outcome: RunOutcome) -> None:
            self._outcomes[instance] = (run, outcome)
            then()

        self._host.run_in_background(partial(self._read, instance, run), known, group="outcome")

    def _read(self, instance: StepInstance, run: str) -> RunOutcome:
        return read_outcome(self._service.events_file(run), (instance.step.name, instance.site))

    def expected_seconds(self, instance: StepInstance) -> float:
        """Return how long a step usually takes on this machine."""
        if self.overview is None:
            return 0.0
        return expected_seconds(instance.step, self.overview.entry(instance), self.overview.facts)
