"""Preview what the changes of steps would do, from one look at the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from piwizard.changes.base import Change, OwnershipIndex, Preview
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Transaction
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance
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
    machine = SystemCache()
    plans = [(instance, planner.plan(instance)) for instance in instances]
    _load_units([change for _, changes in plans for change in changes], machine)
    found = []
    for instance, changes in plans:
        with planner.answers.locating(instance.site):
            found.append((instance, preview(changes, machine, memory)))
    return found


def _load_units(changes: Iterable[Change], machine: SystemCache) -> None:
    machine.load_units(change.name for change in changes if isinstance(change, RunningUnit))
