"""Set the limits and the user of the process that reads an app's code."""

from __future__ import annotations

import sys

MAX_CPU_SECONDS = 20 if sys.maxsize > 1 << 32 else 60
"""Processor time. Boards with a 32-bit system are slower."""
MAX_MEMORY_BYTES = 256 << 20
"""Address space. The largest code that is read takes about 150 MB."""
MAX_OPEN_FILES = 64
ANALYSIS_UID = 2_100_000_014
"""User and group outside all ranges that Debian, systemd and directory services assign."""
TOO_LONG = f"reading it takes too long (limit: {MAX_CPU_SECONDS} seconds)"
TOO_LARGE = f"reading it takes too much memory (limit: {MAX_MEMORY_BYTES >> 20} MB)"
