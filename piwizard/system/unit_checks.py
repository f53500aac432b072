"""Check that a systemd unit runs."""

from __future__ import annotations

from piwizard.system.checks import Check
from piwizard.system.remedies import ApplySteps, RunCommand
from piwizard.system.systemd import UnitState


def check_unit(
    check_id: str,
    name: str,
    unit: str,
    state: UnitState,
    fix: ApplySteps | RunCommand,
    *,
    cause: str = "The timer was stopped.",
    subject: str = "",
) -> Check:
    """Check that a unit runs, and that it starts at boot."""
    found = f"{unit} is {state.active}, {state.file or 'missing'}"
    return Check(check_id, name, state.running and state.enabled, found, cause=cause, fix=(fix,), subject=subject)
