"""Whether the clock is right: a Pi has no battery for it, and certificates fail where it is wrong."""

from __future__ import annotations

from piwizard.system.facts.machine_facts import Clock
from piwizard.system.facts.source import FactSource

SYNCHRONIZED = "/run/systemd/timesync/synchronized"
UNSYNCHRONISED_ERROR = 16_000_000
"""Microseconds; the kernel's bound on its own error, used as `timedatectl` uses it."""

TIME_SERVICES = {
    "chrony": ("/run/chrony/chronyd.pid", "/run/chronyd.pid"),
    "ntpsec": ("/run/ntpd.pid",),
    "openntpd": ("/run/openntpd.sock", "/run/ntpd.sock"),
    # The last, because its folder stays behind when another one takes over.
    "systemd-timesyncd": ("/run/systemd/timesync",),
}


def read_clock_state(source: FactSource) -> Clock:
    """Looks at what systemd-timesyncd leaves behind, and else at what the kernel knows of its clock."""
    by = next((name for name, signs in TIME_SERVICES.items() if any(map(source.exists, signs))), None)
    if source.exists(SYNCHRONIZED):
        return Clock(True, by)
    error = source.clock_error()
    return Clock(None if error is None else error < UNSYNCHRONISED_ERROR, by)


def read_kernel_error() -> int | None:
    """The kernel's bound on the error of this machine's clock, in microseconds; None where it won't say."""

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
