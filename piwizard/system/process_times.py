"""Read when processes were started."""

from __future__ import annotations

import os
import time
from pathlib import Path

_START = 19
"""The index of the start time in /proc/PID/stat, counted behind the name: proc(5)."""


def started_at(process: int) -> float | None:
    """Return when a process was started, in seconds since 1970 by today's clock.

    None if it has ended.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        ticks = int(fields[_START])
    except (OSError, IndexError):
        return None
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
