"""Lock runs, so that there is one at a time.

The lock ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from piwizard.errors import PiwizardError

CLAIMED, NAMED = 0, 1
"""The bytes that are locked: the first one when a run begins, the second once the file has the name of the run."""


class Lock:
    """Held from `take` until `release` or the end of the process.

    The file names the run that holds it.

    It locks an open file (F_OFD_SETLK). Asking for its holder takes no lock, so observers never block a new run.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, run: str) -> None:
        """Take the lock. Raise PiwizardError if another run holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(handle, 0o600)  # every user who can open it, even only for reading, could hold it
            fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, CLAIMED))
        except (BlockingIOError, PermissionError):
            os.close(handle)
            other = holder(self._path) or "another"
            raise PiwizardError(
                f"Another run is in progress ({other}).",
                hint="`piwizard logs -f` shows it, `piwizard stop` stops it.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, run.encode(), 0)
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, NAMED))
        self._handle = handle

    def release(self) -> None:
        """Release the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def holder(path: Path) -> str | None:
    """Return the run that holds the lock; None if no run does."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        kind = struct.unpack_from("h", fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _flock(fcntl.F_RDLCK, NAMED)))[0]
        return None if kind == fcntl.F_UNLCK else os.pread(handle, 200, 0).decode() or None
    finally:
        os.close(handle)


def _flock(kind: int, byte: int) -> bytes:
    """Pack Linux's struct flock with 64-bit offsets.

    Its fields are type, whence, start, length, and pid (0 for this kind of lock).
    """
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
