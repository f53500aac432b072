"""How long a step usually takes: as it took before on this machine, else as on boards like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piwizard.engine.state import Entry
    from piwizard.steps.step import Step
    from piwizard.system.facts import Facts


def usual(step: Step, entry: Entry | None, facts: Facts | None) -> float:
    """Seconds: those of the last good run, else a guess by the board."""
    if entry is not None and entry.result == "done" and entry.seconds >= 1:
        return entry.seconds
    return step.typical_seconds * (slowness(facts) if facts else 1.0)


def slowness(facts: Facts) -> float:
    """How many times as long as on a Pi 4."""
    if facts.architecture.armv6:
        return 12.0
    if facts.memory.nominal < 1024:
        return 5.0 if facts.cores > 1 else 8.0
    for sign, factor in (("Pi 5", 0.5), ("Pi 4", 1.0), ("Pi 3", 2.5), ("Pi 2", 4.0)):
        if facts.board.short.startswith(sign):
            return factor
    return 0.5 if facts.board.kind in ("pc", "virtual") else 1.0
