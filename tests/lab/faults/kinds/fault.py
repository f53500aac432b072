"""What a fault is: how a run is started that it befalls, what happens at the event, and what is mended afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from tests.lab.faults.journeys import Journey
from tests.lab.faults.run import Run
from tests.lab.pi import Pi


class Fault(ABC):
    """One of it for each point that is tried."""

    harmless: ClassVar[bool] = False
    """The run takes no notice, and ends well by itself."""
    serves: ClassVar[bool] = True
    """What is served already is served on."""
    disk: ClassVar[int | None] = None
    """Megabytes of the Pi's disk, where its size matters."""

    def __init__(self, journey: Journey, point: int) -> None:
        self.journey = journey
        self.point = point

    def begin(self, pi: Pi, argv: Sequence[str]) -> None:
        """Gives the command that starts the run."""
        pi.run((*argv, "--detach"))

    @abstractmethod
    def strike(self, pi: Pi, run: Run) -> None:
        """What happens at the event."""

    def mend(self, pi: Pi, run: Run) -> None:
        """Returns when the run has ended, and everything around it is as it should be."""
        run.wait()
