"""Whether the clock is right, held against the Internet's."""

from __future__ import annotations

from datetime import datetime, timedelta

from piwizard.diagnosis.findings import Finding
from piwizard.machine.remedies import RunCommand
from piwizard.tls.world import Here

MOST_OFF = timedelta(minutes=5)


def look() -> list[Finding]:
    """Nothing where nobody could be asked: that says nothing of the clock."""
    seen = Here().clocks()
    return [judge(*seen)] if seen else []


def judge(here: datetime, outside: datetime) -> Finding:
    """What the two times mean."""
    if abs(here - outside) < MOST_OFF:
        return Finding("clock-correct", "Clock correct", True, "as the Internet's", step="system")
    detail = f"the clock shows {here:%Y-%m-%d %H:%M} UTC, but it is {outside:%Y-%m-%d %H:%M} UTC"
    cause = "A Pi has no battery for its clock, and has not reached a time server."
    fix = (RunCommand("sudo timedatectl set-ntp true", "to set the clock from the Internet"),)
    return Finding("clock-correct", "Clock correct", False, detail, cause, fix, step="system")
