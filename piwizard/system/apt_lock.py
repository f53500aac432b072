"""Who holds apt's and dpkg's locks, if anybody does."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock")
FLOCK = "hhqqi4x"
"""struct flock of Linux with 64-bit offsets: type, whence, start, length, pid."""


def holder() -> str | None:
    """The program that holds one of the locks, as "apt-get (process 1234)"; None where all are free."""
    for path in LOCKS:
        pid = _holder_of(path)
        if pid:
            return f"{_name(pid)} (process {pid})"
    return None


def _holder_of(path: str) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    finally:
        os.close(handle)
    return pid if kind != fcntl.F_UNLCK else None


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "another program"
