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


class Card:
    """A disk with ext4 on a block device of its own, mounted at `folder`, that counts what is written to it."""

    def __init__(self, lifeline: SandboxInit, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._lifeline = lifeline
        image = folder.with_name("card.img")
        lifeline.check(("mkdir", "-p", str(folder)))
        lifeline.check(("truncate", f"--size={megabytes}M", str(image)))
        self._device = lifeline.check(("losetup", "--find", "--show", str(image))).strip()
        # As on a Raspberry Pi, but with all metadata made now: otherwise the kernel would still write it for minutes.
        options = ("-q", "-E", "lazy_itable_init=0,lazy_journal_init=0")
        lifeline.check(("mkfs.ext4", *options, self._device))
        lifeline.check(("mount", "-o", "noatime", self._device, str(folder)))

    @property
    def bytes_written(self) -> int:
        """Return the bytes that the device has received since it exists."""
        fields = Path(f"/sys/block/{Path(self._device).name}/stat").read_text().split()
        return int(fields[6]) * 512

    def unmount(self) -> None:
        self._lifeline.run(("umount", "--lazy", str(self.folder)))
        self._lifeline.run(("losetup", "--detach", self._device))
