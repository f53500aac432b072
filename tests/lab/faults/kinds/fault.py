"""Define a fault: how its run starts, what happens at the event, what it repairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from tests.lab.faults.journeys import Journey
from tests.lab.faults.run import Run
from tests.lab.pi import Pi


class Fault(ABC):
    """A fault at one event of one run."""

    harmless: ClassVar[bool] = False
    """Whether the run is unaffected and finishes as usual."""
    serves: ClassVar[bool] = True
    """Whether a site that was served before stays available."""
    disk: ClassVar[int | None] = None
    """Size of the Pi's disk in megabytes, where it matters."""

    def __init__(self, journey: Journey, point: int) -> None:
        self.journey = journey
        self.point = point

    def begin(self, pi: Pi, argv: Sequence[str]) -> None:
        """Start the run with this command."""
        pi.run((*argv, "--detach"))

    @abstractmethod
    def trigger(self, pi: Pi, run: Run) -> None:
        """Cause the fault."""

    def repair(self, pi: Pi, run: Run) -> None:
        """Wait until the run has ended, and restore everything around it."""
        run.wait()
