"""Swap for the time of a build, where a board has too little memory for one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview, Record
from piwizard.system import files, paths
from piwizard.system.facts import LiveSource, disk, memory
from piwizard.system.system_cache import SystemCache

ENOUGH = 900
"""MiB of memory and swap together: with less, pip and a compiler do not fit beside a running site."""
SIZE = 1024
LEFT = 1024
"""MiB that stay free on the disk."""
FILE_SYSTEMS = frozenset({"ext4", "xfs"})
"""Where a file that was only allotted its room can be swapped to. Others want more than that, or refuse."""
SWAPS = Path("/proc/swaps")


@dataclass(frozen=True)
class SwapSpace:
    """What a decision stands on, in MiB: memory and swap together, and the disk that a file would lie on."""

    together: int
    file_system: str
    free: int

    @property
    def enough(self) -> bool:
        """Whether a build does without more swap."""
        return self.together >= ENOUGH

    @property
    def against(self) -> str | None:
        """Why no file can be made, None where one can."""
        if self.file_system not in FILE_SYSTEMS:
            return f"its disk is of the kind {self.file_system or 'unknown'}, which takes none"
        if self.free < SIZE + LEFT:
            return f"its disk has {self.free} MB free, and {SIZE + LEFT} are needed"
        return None


def file() -> Path:
    """Where it lies: in no fstab, so that a reboot ends it."""
    return paths.state_dir() / "build.swap"


def look() -> SwapSpace:
    """The room on this machine."""
    source, folder = LiveSource(), paths.state_dir()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    found, mounts = memory.read_memory(source), disk.parse_mounts(source.read("/proc/mounts") or "")
    above = (str(one) for one in (there.resolve() / "x").parents)
    mount = next((mounts[path] for path in above if path in mounts), None)
    return SwapSpace(found.total + found.swap, mount.kind if mount else "", shutil.disk_usage(there).free >> 20)


def announced() -> str:
    """What a plan says of it; empty where nothing is added."""
    room = look()
    return "" if room.enough or room.against else f"\n# {SIZE} MB of swap are added while it is built, in {file()}."


@contextmanager
def for_building(work: ApplyContext) -> Iterator[None]:
    """More swap meanwhile, where it takes that and the disk allows it. What a killed run leaves, `NoSwap` ends."""
    room = look()
    made = not room.enough and _make(work, room)
    try:
        yield
    finally:
        if made:
            _remove(work)


def _make(work: ApplyContext, room: SwapSpace) -> bool:
    small = f"This board has {room.together} MB of memory and swap, which is little for a build"
    if room.against:
        work.say(f"{small}; no swap can be added for it: {room.against}.")
        return False
    path = file()
    work.say(f"{small}: {SIZE} MB of swap are added until it is over.")
    work.remember("swap", str(path), {})
    _remove(work)
    files.make_folders(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    work.note(path, "made")
    argv = (("fallocate", "--length", f"{SIZE}MiB", str(path)), ("mkswap", str(path)), ("swapon", str(path)))
    for one in argv:
        if not work.command(one, allow=range(-64, 256)).ok:
            work.say("The swap could not be added: the build goes on without.")
            _remove(work)
            return False
    return True


def _remove(work: ApplyContext) -> None:
    path = file()
    if _active(path) and not work.command(("swapoff", str(path)), allow=range(-64, 256)).ok:
        work.say(f"The swap in {path} is still in use. It ends with the next reboot or `piwizard apply`.")
        return
    if path.exists():
        path.unlink()
        work.note(path, "removed")


def _active(path: Path) -> bool:
    lines = (files.read(SWAPS) or b"").decode(errors="replace").splitlines()
    return any(line.split()[:1] == [str(path)] for line in lines)


@dataclass(frozen=True)
class NoSwap:
    """The swap of a build that was cut off is gone."""

    kind: ClassVar[str] = "swap"

    def describe(self) -> str:
        return "No swap of a build is left"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        path = file()
        if not path.exists():
            return IN_SYNC
        return Preview(in_sync=False, diff=f"-{path}", argv=(("swapoff", str(path)),) if _active(path) else ())

    def apply(self, work: ApplyContext) -> None:
        _remove(work)


def undo(record: Record, work: ApplyContext) -> str | None:
    """No swap of a build is left."""
    _remove(work)
    return None
