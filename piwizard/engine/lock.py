"""One run at a time: a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from piwizard.errors import PiwizardError


class Lock:
    """Held from `take` until the process ends or `release`. The file names the run that holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, run: str) -> None:
        """Takes the lock; PiwizardError where another run holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            other = holder(self._path) or "another"
            raise PiwizardError(
                f"Another run is under way ({other}).",
                hint="`piwizard logs -f` shows it, `piwizard stop` ends it.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, run.encode(), 0)
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
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(handle, 200, 0).decode() or "unknown"
    else:
        return None
    finally:
        os.close(handle)
