"""Whether the clock is right, held against the Internet's."""

from __future__ import annotations

from datetime import datetime, timedelta

from piwizard.doctor.finding import Finding
from piwizard.tls.probes import Here

MOST_OFF = timedelta(minutes=5)
MEND = "`sudo timedatectl set-ntp true` sets it from the Internet; certificates fail with a wrong clock."


def look() -> list[Finding]:
    """Nothing where nobody could be asked: that says nothing of the clock."""
    seen = Here().clocks()
    return [judge(*seen)] if seen else []


def judge(here: datetime, outside: datetime) -> Finding:
    """What the two times mean."""
    if abs(here - outside) < MOST_OFF:
        return Finding("time", "system", None, True, "as the Internet's")
    detail = f"the clock says {here:%Y-%m-%d %H:%M} UTC, and it is {outside:%Y-%m-%d %H:%M}"
    cause = "A Pi has no battery for its clock, and has not reached a time server."
    return Finding("time", "system", None, False, detail, cause, MEND)
