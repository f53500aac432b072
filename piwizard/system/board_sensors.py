"""Read the temperature of the board, and whether its power supply is too weak."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""The power and temperature problems of a Raspberry Pi since its start, as a hexadecimal number."""
UNDERVOLTAGE_BITS = 0x1 | 0x10000
KERNEL_LOG = Path("/dev/kmsg")
"""The driver of today's kernels clears the bits every 2 seconds, and only says in the log that they were set."""
UNDERVOLTAGE = re.compile(rb"[Uu]nder-?voltage detected")
RECENT_SECONDS = 3600.0
MAX_LINES, MAX_LINE_BYTES = 50_000, 8192


def read_temperature() -> float | None:
    """Return the temperature in degrees Celsius; None if there is no sensor."""
    try:
        return int(TEMPERATURE.read_text()[:20]) / 1000.0
    except (OSError, ValueError):
        return None


def read_undervoltage() -> bool | None:
    """Return whether the voltage was too low within the last hour.

    None if unknown. Some kernels report the time since the start instead.
    """
    if _logged_undervoltage():
        return True
    try:
        return bool(int(THROTTLED.read_text()[:20], 16) & UNDERVOLTAGE_BITS)
    except (OSError, ValueError):
        return None


def _logged_undervoltage() -> bool:
    """Return whether the kernel has reported it within RECENT_SECONDS."""
    since = time.monotonic() - RECENT_SECONDS
    return any(at >= since for at in map(_reported_at, _kernel_lines()) if at is not None)


def _reported_at(line: bytes) -> float | None:
    """Return when a line of the kernel's log has reported undervoltage, in seconds since the start."""
    about, _, text = line.partition(b";")
    fields = about.split(b",")  # priority, number, microseconds, flags
    found = UNDERVOLTAGE.search(text) and len(fields) > 2 and fields[2].isdigit()
    return int(fields[2]) / 1e6 if found else None


def _kernel_lines() -> Iterator[bytes]:
    try:
        handle = os.open(KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for _ in range(MAX_LINES):
            try:
                line = os.read(handle, MAX_LINE_BYTES)
            except BrokenPipeError:  # overwritten in the meantime
                continue
            if not line:
                return
            yield line
    except OSError:  # the end of the log
        return
    finally:
        os.close(handle)
