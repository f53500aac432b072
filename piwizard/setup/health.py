"""Inspect a step, for status, doctor, checkup, the weekly timer and `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from piwizard.changes.base import Change, OwnershipIndex
from piwizard.engine import run_launch
from piwizard.engine.state import Entry
from piwizard.errors import PiwizardError
from piwizard.setup.preview import Previewed, preview
from piwizard.steps.registry import StepInstance
from piwizard.system.checks import Check
from piwizard.system.error_report import only_for_people
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


class Inspected(Protocol):
    """The part of a planner that an inspection uses."""

    def plan(self, instance: StepInstance, /) -> Sequence[Change]:
        """Return the changes of a step."""

    def checks(self, instance: StepInstance, /) -> Iterable[Check]:
        """Return the live checks of a step."""


class LiveChecked(Protocol):
    """The part of a planner that a quick inspection uses."""

    def live_checks(self, instance: StepInstance, /) -> Iterable[Check]:
        """Return the checks of a step that cost almost nothing."""


@dataclass(frozen=True)
class StepHealth:
    """The health of one step that has run.

    `drift` is None where the changes could not be probed, or were not.
    """

    place: StepInstance
    drift: tuple[Previewed, ...] | None = None
    checks: tuple[Check, ...] = ()
    error: PiwizardError | None = None
    """Why it could not be inspected to the end, such as an answer that is missing by now."""

    @property
    def failed(self) -> tuple[Check, ...]:
        """Return the checks that did not pass."""
        return tuple(check for check in self.checks if not check.ok)


def inspect(
    planner: Inspected,
    instance: StepInstance,
    ownership: OwnershipIndex | None = None,
    machine: SystemCache | None = None,
    *,
    stop_at_drift: bool = False,
) -> StepHealth:
    """Check a step, and with `ownership` probe its changes first. Alters nothing.

    `stop_at_drift`: skip the checks, which may take seconds, if a change is no longer in place.
    """
    drift: tuple[Previewed, ...] | None = None
    checks: list[Check] = []
    try:
        with only_for_people():
            if ownership is not None:
                found = preview(planner.plan(instance), machine or SystemCache(), ownership)
                drift = tuple(one for one in found if not one.preview.in_sync)
            if not (drift and stop_at_drift):
                checks.extend(planner.checks(instance))
    except PiwizardError as error:
        return StepHealth(instance, drift, tuple(checks), error)
    return StepHealth(instance, drift, tuple(checks))


def inspect_live(planner: LiveChecked, instance: StepInstance) -> StepHealth:
    """Run only the checks of a step that cost almost nothing."""
    try:
        with only_for_people():
            return StepHealth(instance, checks=tuple(planner.live_checks(instance)))
    except PiwizardError as error:
        return StepHealth(instance, error=error)


def is_running(instance: StepInstance, entry: Entry) -> bool:
    """Return whether a run is at work on a step, or its background job is."""
    job = instance.step.background
    return entry.result == "running" and (run_launch.alive(entry.run) or (job is not None and job.running()))
