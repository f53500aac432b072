"""The other file systems of this machine, such as a /home on a disk of its own: they belong to a copy of it too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ON_DISK = {"bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "nfs", "nfs4", "overlay", "vfat", "xfs", "zfs"}
OF_THE_KERNEL = ("/proc", "/sys", "/dev", "/run")
IN_MEMORY = ("/tmp", "/var/tmp")


@dataclass(frozen=True)
class Mount:
    """A mounted file system. What is mounted on a single file is one too, as a container's /etc/hosts is."""

    target: Path
    kind: str


def others(mountinfo: str) -> list[Mount]:
    """From the text of /proc/self/mountinfo: what a copy of / would not hold, outermost first, each place once."""
    found: dict[Path, Mount] = {}
    for line in mountinfo.splitlines():
        fields = line.split()
        kind = fields[fields.index("-") + 1]
        target = Path(_unescaped(fields[4]))
        if str(target) == "/" or any(target.is_relative_to(place) for place in OF_THE_KERNEL):
            continue
        if kind in ON_DISK or (kind == "tmpfs" and str(target) in IN_MEMORY):
            found[target] = Mount(target, kind)
    return sorted(found.values(), key=lambda mount: len(mount.target.parts))


def _unescaped(field: str) -> str:
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        field = field.replace(code, character)
    return field
