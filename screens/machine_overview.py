"""Define what the screens know of the machine and its steps at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.engine.state import Entry
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance
    from piwizard.system.facts import Facts


@dataclass(frozen=True)
class MachineOverview:
    """The machine at one moment; `trouble` says what could not be read."""

    facts: Facts
    instances: tuple[StepInstance, ...]
    statuses: tuple[Status, ...]
    entries: dict[tuple[str, str | None], Entry]
    domains: dict[str, tuple[str, ...]]
    trouble: str = ""

    def status(self, instance: StepInstance | None) -> Status | None:
        """Return the status of a step, None if it is not known yet."""
        return next((one for one in self.statuses if one.instance == instance), None)

    def entry(self, instance: StepInstance) -> Entry | None:
        """Return what state.json says of the last run of a step."""
        return self.entries.get((instance.step.name, instance.site))


def titles(instances: Sequence[StepInstance]) -> list[str]:
    """Return the titles of steps, with the site if there are several: "App (blog)"."""
    several = len({instance.site for instance in instances if instance.site}) > 1
    return [
        f"{instance.step.title} ({instance.site})" if several and instance.site else instance.step.title
        for instance in instances
    ]
