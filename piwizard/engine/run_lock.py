"""One run at a time: a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from piwizard.errors import PiwizardError

CLAIMED, NAMED = 0, 1
"""The bytes that are locked: the first by who runs, the second once the file holds the name of the run."""


class Lock:
    """Held from `take` until the process ends or `release`. The file names the run that holds it.

    The locks are those of open files (F_OFD_SETLK): asking for the holder takes nothing, so whoever watches is
    never in the way of a run that begins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, run: str) -> None:
        """Takes the lock; PiwizardError where another run holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(handle, 0o600)  # whoever can open it, be it for reading, could hold it
            fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, CLAIMED))
        except (BlockingIOError, PermissionError):
            os.close(handle)
            other = holder(self._path) or "another"
            raise PiwizardError(
                f"Another run is under way ({other}).",
                hint="`piwizard logs -f` shows it, `piwizard stop` ends it.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, run.encode(), 0)
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, NAMED))
        self._handle = handle

    def release(self) -> None:
        """Lets go of the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def holder(path: Path) -> str | None:
    """The run that holds the lock, None where nobody does."""
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
    """struct flock of Linux with 64-bit offsets: type, whence, start, length, pid (0, as these locks want it)."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
