"""End the run between two instructions."""

from __future__ import annotations

from tests.lab.faults.kinds.fault import Fault
from tests.lab.faults.run import Run
from tests.lab.pi import Pi


class Kill(Fault):
    """kill -9 of all processes of the run."""

    def trigger(self, pi: Pi, run: Run) -> None:
        run.kill()


class Power(Fault):
    """A power cut. What was written is on the disk: no page cache is lost."""

    serves = False

    def trigger(self, pi: Pi, run: Run) -> None:
        pi.power_cut()

    def repair(self, pi: Pi, run: Run) -> None:
        pi.boot()
        run.wait()
