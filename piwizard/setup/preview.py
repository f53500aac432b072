"""Preview what the changes of steps would do, from one look at the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from piwizard.changes.base import Change, OwnershipIndex, Preview
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Transaction
from piwizard.errors import PiwizardError
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance
from piwizard.system.error_report import only_for_people
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Previewed:
    """A change and what applying it would do."""

    change: Change
    preview: Preview


def preview(changes: Sequence[Change], machine: SystemCache, memory: OwnershipIndex) -> list[Previewed]:
    """Return the previews of these changes.

    The members of a transaction come one by one, before the transaction itself.
    """
    flat: list[Change] = []
    for change in changes:
        flat += [*change.changes, change] if isinstance(change, Transaction) else [change]
    _load_units(flat, machine)
    return [Previewed(change, change.probe(machine, memory)) for change in flat]


def preview_all(
    planner: Planner, instances: Iterable[StepInstance], memory: OwnershipIndex
) -> list[tuple[StepInstance, list[Previewed]]]:
    """Return the previews of several steps, from one look at the machine."""
    found = []
    for instance, previewed in preview_each(planner, instances, memory):
        if isinstance(previewed, PiwizardError):
            raise previewed
        found.append((instance, previewed))
    return found


def preview_each(
    planner: Planner, instances: Iterable[StepInstance], memory: OwnershipIndex
) -> list[tuple[StepInstance, list[Previewed] | PiwizardError]]:
    """Return the previews of several steps, for each that is refused its error."""
    machine = SystemCache()
    plans: list[tuple[StepInstance, Sequence[Change] | PiwizardError]] = []
    for instance in instances:
        try:
            with only_for_people():
                plans.append((instance, planner.plan(instance)))
        except PiwizardError as error:
            plans.append((instance, error))
    _load_units([one for _, changes in plans if not isinstance(changes, PiwizardError) for one in changes], machine)
    found: list[tuple[StepInstance, list[Previewed] | PiwizardError]] = []
    for instance, changes in plans:
        if isinstance(changes, PiwizardError):
            found.append((instance, changes))
            continue
        try:
            with planner.answers.locating(instance.site), only_for_people():
                found.append((instance, preview(changes, machine, memory)))
        except PiwizardError as error:  # a router that does not answer, for example
            found.append((instance, error))
    return found


def _load_units(changes: Iterable[Change], machine: SystemCache) -> None:
    machine.load_units(change.name for change in changes if isinstance(change, RunningUnit))
