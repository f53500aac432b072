"""Compare this machine's clock with the time that web servers report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from piwizard.system import connections, http_client
from piwizard.system.checks import Check
from piwizard.system.http_client import Limits, MalformedResponse
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import RunCommand

TIME_SERVERS = ("icanhazip.com", "checkip.dyndns.org", "deb.debian.org")
"""Every web server reports its time. Asked without TLS, which fails if the clock is wrong."""
MAX_OFFSET = timedelta(minutes=5)
"""A larger offset means that no time server sets the clock; soon certificates and updates fail."""
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""The release date of this piwizard. A clock before it is always wrong."""
SET_CLOCK = RunCommand("sudo timedatectl set-ntp true", "to set the clock from the Internet")
CHECK_ID = "clock-correct"


@dataclass(frozen=True)
class ClockReading:
    """This machine's time and the Internet's at the same moment, both UTC."""

    here: datetime
    internet: datetime

    @property
    def offset(self) -> timedelta:
        """Return the difference, never negative."""
        return abs(self.here - self.internet)

    @property
    def correct(self) -> bool:
        """Return whether they are close enough."""
        return self.offset < MAX_OFFSET


def read_clock() -> ClockReading | None:
    """Read both clocks; None if no server answered. Takes at most 12 seconds."""
    for host in TIME_SERVERS:
        if internet := _reported_by(host):
            return ClockReading(datetime.now(UTC), internet)
    return None


def check_clock(reading: ClockReading | None, now: datetime | None = None) -> Check:
    """Compare the clock with the Internet's time.

    Without it, check that the clock is not before piwizard's release.
    """
    if reading is None:
        here = now or datetime.now(UTC)
        ok, detail = here >= EARLIEST, f"{here:%Y-%m-%d %H:%M} UTC, not compared with the Internet's time"
    else:
        ok, detail = reading.correct, f"{int(reading.offset.total_seconds())} s from the Internet's time"
        if not ok:
            detail = (
                f"the clock shows {reading.here:%Y-%m-%d %H:%M} UTC, but it is {reading.internet:%Y-%m-%d %H:%M} UTC"
            )
    cause = "" if ok else "A Pi has no battery for its clock, and has not reached a time server."
    return Check(CHECK_ID, "Clock correct", ok, detail, cause, () if ok else (SET_CLOCK,))


def _reported_by(host: str) -> datetime | None:
    """Return the time from a web server's `Date` header, which is exact to a second."""
    from email.utils import parsedate_to_datetime  # slow to import, and rarely needed

    try:
        answer = http_client.request(connections.tcp(host, 80), "/", host=host, method="HEAD", limits=Limits(4.0, 0))
        date = answer.headers.get("date")
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except (OSError, ValueError, MalformedResponse):
        return None
