"""Whether the clock is right: a Pi has no battery for it, and certificates fail where it is wrong."""

from __future__ import annotations

from piwizard.system.facts.machine_facts import Clock
from piwizard.system.facts.source import FactSource

SYNCHRONIZED = "/run/systemd/timesync/synchronized"
UNSYNCHRONISED_ERROR = 16_000_000
"""Microseconds; the kernel's bound on its own error, used as `timedatectl` uses it."""

KEEPERS = {
    "chrony": ("/run/chrony/chronyd.pid", "/run/chronyd.pid"),
    "ntpsec": ("/run/ntpd.pid",),
    "openntpd": ("/run/openntpd.sock", "/run/ntpd.sock"),
    # The last, because its folder stays behind when another one takes over.
    "systemd-timesyncd": ("/run/systemd/timesync",),
}


def clock(source: FactSource) -> Clock:
    """Looks at what systemd-timesyncd leaves behind, and else at what the kernel knows of its clock."""
    by = next((name for name, signs in KEEPERS.items() if any(map(source.exists, signs))), None)
    if source.exists(SYNCHRONIZED):
        return Clock(True, by)
    error = source.clock_error()
    return Clock(None if error is None else error < UNSYNCHRONISED_ERROR, by)
