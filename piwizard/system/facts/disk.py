"""Read the disk space, and whether / and /tmp are in memory."""

from __future__ import annotations

import re

from piwizard.system.facts.machine_facts import Disk
from piwizard.system.facts.source import FactSource
from piwizard.system.lazy_dataclass import dataclass

OVERLAY_PACKAGE = "overlayroot"
"""The package that mounts / as an overlay, and its name of that file system; raspi-config installs it."""
OVERLAY_OPTION = re.compile(r"(?:^|\s)(?:boot=overlay|overlayroot=[\"']?tmpfs)")
"""In the kernel's command line; raspi-config of earlier releases writes the first."""


@dataclass(frozen=True)
class DiskMount:
    """One line of /proc/mounts."""

    path: str
    kind: str
    options: tuple[str, ...]
    device: str = ""


def read_disk(source: FactSource) -> Disk:
    """Read the space on the file system of /. A failing SD card is mounted read-only."""
    mounts = parse_mounts(source.read("/proc/mounts") or "")
    root, tmp = mounts.get("/"), mounts.get("/tmp")
    total, free = source.space("/") or (None, None)
    in_memory = source.space("/tmp") if tmp and tmp.kind == "tmpfs" else None
    return Disk(
        free=None if free is None else free >> 20,
        total=None if total is None else total >> 20,
        read_only=root is not None and "ro" in root.options,
        tmp=None if in_memory is None else in_memory[0] >> 20,
        volatile=_is_volatile(mounts, source.read("/proc/cmdline") or ""),
        free_files=source.free_files("/"),
    )


def _is_volatile(mounts: dict[str, DiskMount], command_line: str) -> bool:
    """Return whether / is an overlay that raspi-config has set up, with its changes in memory."""
    root = mounts.get("/")
    if root is None or root.kind != "overlay":
        return False
    if root.device != OVERLAY_PACKAGE and not OVERLAY_OPTION.search(command_line):
        return False  # a container, or a system that keeps its changes elsewhere
    upper = next((option.removeprefix("upperdir=") for option in root.options if option.startswith("upperdir=")), "")
    there = [mount for path, mount in mounts.items() if path != "/" and upper.startswith(f"{path}/")]
    return not there or max(there, key=lambda mount: len(mount.path)).kind in {"tmpfs", "ramfs"}


def parse_mounts(mounts: str) -> dict[str, DiskMount]:
    """Return the file systems by mount point.

    If several are mounted at one, the last hides the others.
    """
    found = {}
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) >= 4:
            found[fields[1]] = DiskMount(fields[1], fields[2], tuple(fields[3].split(",")), fields[0])
    return found
