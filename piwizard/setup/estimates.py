"""Estimate how long a step takes, from its last run or from similar boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piwizard.engine.state import Entry
    from piwizard.steps.step import Step
    from piwizard.system.facts import Facts


SECONDS_OF_REQUIRED_STEPS = 133
"""Their `typical_seconds` together. The first page shows it before any step is loaded."""


def first_setup_seconds(facts: Facts) -> float:
    """Return an estimate for all steps that are not optional."""
    return SECONDS_OF_REQUIRED_STEPS * slowness(facts)


def expected_seconds(step: Step, entry: Entry | None, facts: Facts | None) -> float:
    """Return the seconds of the last successful run, or an estimate for the board."""
    if entry is not None and entry.result == "done" and entry.seconds >= 1:
        return entry.seconds
    return step.typical_seconds * (slowness(facts) if facts else 1.0)


def slowness(facts: Facts) -> float:
    """Return how many times as long as a Pi 4 this machine takes."""
    if facts.architecture.armv6:
        return 12.0
    if facts.memory.nominal < 1024:
        return 5.0 if facts.cores > 1 else 8.0
    for board, factor in (("Pi 5", 0.5), ("Pi 4", 1.0), ("Pi 3", 2.5), ("Pi 2", 4.0)):
        if facts.board.short.startswith(board):
            return factor
    return 0.5 if facts.board.kind in ("pc", "virtual") else 1.0
