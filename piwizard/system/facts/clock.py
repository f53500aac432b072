"""Read the state of the clock.

A Pi has no battery for its clock, and certificates fail if it is wrong.
"""

from __future__ import annotations

from piwizard.system.facts.machine_facts import Clock
from piwizard.system.facts.source import FactSource

SYNCHRONIZED = "/run/systemd/timesync/synchronized"
UNSYNCHRONISED_ERROR = 16_000_000
"""Microseconds. `timedatectl` uses the same limit of the kernel's estimated error."""

TIME_SERVICES = {
    "chrony": ("/run/chrony/chronyd.pid", "/run/chronyd.pid"),
    "ntpsec": ("/run/ntpd.pid",),
    "openntpd": ("/run/openntpd.sock", "/run/ntpd.sock"),
    # Last, because its folder stays behind when another service replaces it.
    "systemd-timesyncd": ("/run/systemd/timesync",),
}


def read_clock_state(source: FactSource) -> Clock:
    """Read the state from the files of systemd-timesyncd, or else from the kernel."""
    by = next((name for name, signs in TIME_SERVICES.items() if any(map(source.exists, signs))), None)
    if source.exists(SYNCHRONIZED):
        return Clock(True, by)
    error = source.clock_error()
    return Clock(None if error is None else error < UNSYNCHRONISED_ERROR, by)


def read_kernel_error() -> int | None:
    """Return the kernel's estimate of the largest error of the clock.

    In microseconds; None if the kernel does not report it.
    """

    import ctypes  # slow to import

    class Timex(ctypes.Structure):
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("rest", ctypes.c_byte * 512),
        )

    answer = Timex()
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None or adjtimex(ctypes.byref(answer)) < 0:
        return None
    return int(answer.maxerror)
