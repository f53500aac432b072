"""Read the disk space, and whether /tmp is in memory."""

from __future__ import annotations

from dataclasses import dataclass

from piwizard.system.facts.machine_facts import Disk
from piwizard.system.facts.source import FactSource


@dataclass(frozen=True)
class DiskMount:
    """One line of /proc/mounts."""

    path: str
    kind: str
    options: tuple[str, ...]


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
    )


def parse_mounts(mounts: str) -> dict[str, DiskMount]:
    """Return the file systems by mount point.

    If several are mounted at one, the last hides the others.
    """
    found = {}
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) >= 4:
            found[fields[1]] = DiskMount(fields[1], fields[2], tuple(fields[3].split(",")))
    return found
