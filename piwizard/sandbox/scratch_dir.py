"""Create a temporary folder for a sandbox, and remove those of killed processes.

The folder is locked while its process runs; the kernel releases the lock when that exits. The sandbox itself ends with
its process, so only a folder and control groups can remain.
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


class ScratchDir:
    """A new folder below `parent`.

    Creating one first removes those that no process uses any more.
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        self._parent = parent
        with _only_process(parent):
            _remove_abandoned(parent)
            self.name = f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"
            """The prefix of everything that belongs to it, such as control groups."""
            self.folder = parent / self.name
            self.folder.mkdir(mode=0o700)
            self._lock = _lock(self.folder / "lock")

    def close(self) -> None:
        """Remove it with all its content."""
        with _only_process(self._parent):
            cgroups.remove_groups(f"{self.name}-*")
            shutil.rmtree(self.folder)
            if self._lock is not None:
                os.close(self._lock)


def _remove_abandoned(parent: Path) -> None:
    for folder in sorted(path for path in parent.iterdir() if path.is_dir()):
        lock = _lock(folder / "lock")
        if lock is not None:
            cgroups.remove_groups(f"{folder.name}-*")
            shutil.rmtree(folder)
            os.close(lock)


@contextlib.contextmanager
def _only_process(parent: Path) -> Iterator[None]:
    """Let one process at a time work in `parent`, and remove it if it is empty."""
    with file_lock.exclusive(parent, temporary=True):
        parent.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            if not any(parent.iterdir()):
                parent.rmdir()


def _lock(file: Path) -> int | None:
    """Return an open, locked file; None if another process has locked it."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    return opened
