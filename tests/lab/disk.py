"""Give a Pi a disk of limited size that tests can fill and free."""

from __future__ import annotations

import os
from pathlib import Path

from piwizard.sandbox.sandbox_init import SandboxInit
from tests.lab.eventually import eventually


class Disk:
    """A disk in memory, mounted at `folder` on the lifeline."""

    def __init__(self, lifeline: SandboxInit, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._lifeline = lifeline
        self._size = megabytes << 20
        lifeline.check(("mkdir", "-p", str(folder)))
        lifeline.check(("mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", str(folder)))

    def fill(self) -> None:
        """Shrink the disk to the size of its files."""
        eventually(self._shrink)

    def free(self) -> None:
        """Restore the disk's size."""
        self._resize(self._size)

    def unmount(self) -> None:
        self._lifeline.run(("umount", "--lazy", str(self.folder)))

    def _shrink(self) -> None:
        found = os.statvfs(self._lifeline.root / self.folder.relative_to("/"))
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        # Fails if something was written in between.
        self._resize(used)

    def _resize(self, size: int) -> None:
        done = self._lifeline.run(("mount", "-o", f"remount,size={size}", str(self.folder)))
        assert done.ok, done.last_lines
