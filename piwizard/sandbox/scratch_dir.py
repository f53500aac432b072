"""A folder for one throwaway machine, and the clean-up after one whose owner was killed.

The folder is locked as long as its owner lives; the kernel opens the lock when it dies, however it dies. The
machine itself hangs on a lifeline and is gone with its owner, so that only a folder and control groups can remain.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from piwizard.sandbox import cgroups
from piwizard.system import file_lock


class Workplace:
    """A new folder below `parent`. Opening one first clears away what nobody owns any more."""

    def __init__(self, parent: Path, prefix: str) -> None:
        self._parent = parent
        with _alone(parent):
            _remove_abandoned(parent)
            self.name = f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"
            """Begins the name of everything that belongs to it, such as control groups."""
            self.folder = parent / self.name
            self.folder.mkdir(mode=0o700)
            self._lock = _lock(self.folder / "lock")

    def close(self) -> None:
        """Removes it and everything in it."""
        with _alone(self._parent):
            cgroups.remove(f"{self.name}-*")
            shutil.rmtree(self.folder)
            if self._lock is not None:
                os.close(self._lock)


def _remove_abandoned(parent: Path) -> None:
    for folder in sorted(path for path in parent.iterdir() if path.is_dir()):
        lock = _lock(folder / "lock")
        if lock is not None:
            cgroups.remove(f"{folder.name}-*")
            shutil.rmtree(folder)
            os.close(lock)


@contextlib.contextmanager
def _alone(parent: Path) -> Iterator[None]:
    """Only one process at a time; whoever leaves the folder empty takes it away."""
    with file_lock.exclusive(parent, temporary=True):
        parent.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            if not any(parent.iterdir()):
                parent.rmdir()


def _lock(file: Path) -> int | None:
    """An open, locked file; None if somebody else holds it."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    return opened
