"""Temporary swap for a build, if the Pi has too little memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview, Record
from piwizard.system import files, paths
from piwizard.system.facts import LiveSource, disk, memory
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

ENOUGH = 900
"""MiB of memory and swap. With less, pip and a compiler do not fit beside a running site."""
SIZE = 1024
FREE = 1024
"""MiB that must stay free on the disk."""
FILE_SYSTEMS = frozenset({"ext4", "xfs"})
"""File systems where a file from fallocate can be used as swap. Others need more, or refuse."""
SWAPS = Path("/proc/swaps")


@dataclass(frozen=True)
class SwapSpace:
    """Memory and swap together, and free disk space for a swap file, in MiB."""

    together: int
    file_system: str
    free: int

    @property
    def enough(self) -> bool:
        """Check whether a build needs no more swap."""
        return self.together >= ENOUGH

    @property
    def against(self) -> str | None:
        """Return why no swap file can be created; None if it can."""
        if self.file_system not in FILE_SYSTEMS:
            return f"the file system {self.file_system or 'of its disk'} does not support it"
        if self.free < SIZE + FREE:
            return f"its disk has {self.free} MB free, and {SIZE + FREE} MB are needed"
        return None


def file() -> Path:
    """Return the swap file. It is not in fstab, so it is not used after a reboot."""
    return paths.state_dir() / "build.swap"


def measure() -> SwapSpace:
    """Measure memory, swap and disk of this machine."""
    source, folder = LiveSource(), paths.state_dir()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    found, mounts = memory.read_memory(source), disk.parse_mounts(source.read("/proc/mounts") or "")
    above = (str(one) for one in (there.resolve() / "x").parents)
    mount = next((mounts[path] for path in above if path in mounts), None)
    return SwapSpace(found.total + found.swap, mount.kind if mount else "", shutil.disk_usage(there).free >> 20)


def announced() -> str:
    """Return the line of a plan about swap; empty if none is added."""
    room = measure()
    return "" if room.enough or room.against else f"\n# {SIZE} MB of swap are added during the build, in {file()}."


@contextmanager
def for_building(work: ApplyContext) -> Iterator[None]:
    """Add swap for a build, if needed and possible.

    `NoSwap` removes what a killed run leaves.
    """
    room = measure()
    made = not room.enough and _make(work, room)
    try:
        yield
    finally:
        if made:
            _remove(work)


def _make(work: ApplyContext, room: SwapSpace) -> bool:
    small = f"This Pi has {room.together} MB of memory and swap, which is little for a build"
    if room.against:
        work.say(f"{small}; no swap can be added: {room.against}.")
        return False
    path = file()
    work.say(f"{small}: {SIZE} MB of swap are added until the build ends.")
    work.remember("swap", str(path), {})
    _remove(work)
    files.make_folders(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    work.note(path, "created")
    argv = (("fallocate", "--length", f"{SIZE}MiB", str(path)), ("mkswap", str(path)), ("swapon", str(path)))
    for one in argv:
        if not work.command(one, allow=range(-64, 256)).ok:
            work.say("The swap could not be added: the build continues without it.")
            _remove(work)
            return False
    return True


def _remove(work: ApplyContext) -> None:
    path = file()
    if _active(path) and not work.command(("swapoff", str(path)), allow=range(-64, 256)).ok:
        work.say(f"The swap in {path} is still in use. The next reboot or `piwizard apply` removes it.")
        return
    if path.exists():
        path.unlink()
        work.note(path, "removed")


def _active(path: Path) -> bool:
    lines = (files.read(SWAPS) or b"").decode(errors="replace").splitlines()
    return any(line.split()[:1] == [str(path)] for line in lines)


@dataclass(frozen=True)
class NoSwap:
    """The swap of an interrupted build is removed."""

    kind: ClassVar[str] = "swap"

    def describe(self) -> str:
        return "Remove the swap of an interrupted build"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        path = file()
        if not path.exists():
            return IN_SYNC
        return Preview(in_sync=False, diff=f"-{path}", argv=(("swapoff", str(path)),) if _active(path) else ())

    def apply(self, work: ApplyContext) -> None:
        _remove(work)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove the swap of a build."""
    _remove(work)
    return None
