"""Run a journey without a fault first, then with a fault at each event."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property

from piwizard.errors import PiwizardError
from tests.lab import quickstart
from tests.lab.faults import ends
from tests.lab.faults.ends import End
from tests.lab.faults.journeys import Journey
from tests.lab.faults.kinds import Fault
from tests.lab.faults.run import next_run, rest
from tests.lab.pi import Pi


class Driver:
    """The trials of a journey with faults.

    It runs once without a fault, when that result is first needed.
    """

    def __init__(self, journey: Journey) -> None:
        self.journey = journey

    @property
    def counted(self) -> int:
        """Return the number of events of a run without faults.

        Each event is a point for a fault.
        """
        return self._undisturbed[0]

    @property
    def wanted(self) -> End:
        """Return what a run without faults leaves on the disk."""
        return self._undisturbed[1]

    @cached_property
    def _undisturbed(self) -> tuple[int, End]:
        journey = self.journey
        pi = journey.pi()
        journey.prepare(pi)
        with journey.company(pi), next_run(pi) as run:
            result = pi.run(journey.argv, check=False, timeout=1800)
            assert result.ok, f"{result.output[-2000:]}{result.errors}"
            rest(pi)
        assert self._site_errors(pi) == []
        found = run().come_so_far, ends.end(pi)
        pi.discard()
        return found

    def broken_at(self, point: int, kind: type[Fault]) -> list[str]:
        """Interrupt a run at the event of this number and resume it; return the errors."""
        wanted, fault, pi = self.wanted, kind(self.journey, point), self.journey.pi(kind.disk)
        try:
            with self.journey.company(pi):
                return self._broken(pi, fault, wanted)
        except (AssertionError, PiwizardError, OSError) as error:
            return [f"{type(error).__name__}: {error}"]
        finally:
            pi.discard()

    def _broken(self, pi: Pi, fault: Fault, wanted: End) -> list[str]:
        journey = self.journey
        journey.prepare(pi)
        with journey.visitor(pi) if fault.serves else nullcontext([]) as failures:
            with next_run(pi) as started:
                fault.begin(pi, journey.argv)
                run = started()
            run.until(fault.point)
            fault.trigger(pi, run)
            fault.repair(pi, run)
            wrong = _nginx_refuses(pi)
            if fault.harmless and run.result != "done":
                wrong.append(f"the run ended {run.result or 'without a word'}: {run.last_lines}")
            secrets = ends.secrets(pi)
            again = pi.run(journey.again, check=False, timeout=1800)
            rest(pi)
        wrong += failures[:3]
        if not again.ok:
            return [*wrong, f"again: {again.errors or again.output[-500:]}"]
        wrong += [] if ends.secrets(pi) == secrets else ["a secret was generated again"]
        return wrong + self._site_errors(pi) + ends.differences(wanted, ends.end(pi))

    def _site_errors(self, pi: Pi) -> list[str]:
        wanted = self.journey.steps
        states = {step: state for step, state in quickstart.states(pi).items() if not wanted or step in wanted}
        wrong = [] if set(states.values()) == {"done"} else [f"states: {states}"]
        try:
            self.journey.verify(pi)
        except AssertionError as error:
            wrong.append(str(error))
        return wrong


def _nginx_refuses(pi: Pi) -> list[str]:
    """Return nginx's error about the configuration on the disk, if it does not load."""
    configured = (pi.files / "etc/nginx/nginx.conf").exists() and (pi.files / "usr/sbin/nginx").exists()
    if not configured or pi.run(("dpkg", "--audit"), check=False).output:
        return []
    tried = pi.run(("nginx", "-t"), check=False)
    return [] if tried.ok else [f"nginx was left with a configuration that does not load: {tried.errors}"]
