"""What the process that reads an app's code may take, and who it is."""

from __future__ import annotations

import sys

MAX_CPU_SECONDS = 20 if sys.maxsize > 1 << 32 else 60
"""Of processor time. Boards that run a system of 32 bits are the slow ones."""
MAX_MEMORY_BYTES = 256 << 20
"""Bytes of address space. The largest code that is read takes about 150 MB."""
MAX_OPEN_FILES = 64
ANALYSIS_UID = 2_100_000_014
"""A user and a group outside of all ranges that Debian, systemd and directory services give numbers from."""
TOO_LONG = f"reading it takes too long (the limit is {MAX_CPU_SECONDS} seconds)"
TOO_LARGE = f"reading it takes too much memory (the limit is {MAX_MEMORY_BYTES >> 20} MB)"
