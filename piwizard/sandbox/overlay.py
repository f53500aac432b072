"""Mount copy-on-write file systems, and list the mounts that a clone includes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.system.lazy_dataclass import dataclass

DISK_FILE_SYSTEMS = {
    "bcachefs",
    "btrfs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "nfs",
    "nfs4",
    "overlay",
    "vfat",
    "xfs",
    "zfs",
}
KERNEL_MOUNTS = ("/proc", "/sys", "/dev", "/run")
MEMORY_MOUNTS = ("/tmp", "/var/tmp")


class Overlay:
    """An overlay of `lower` (uppermost first) at `target`, a path inside the sandbox.

    Writes go to `folder`/upper. If the file system of `folder` does not support that, as in most containers, they go to
    memory: `in_memory`.
    """

    def __init__(self, sandbox: SandboxInit, lower: Sequence[Path], folder: Path, target: Path) -> None:
        self._sandbox = sandbox
        self._lower = tuple(lower)
        self.folder = folder
        self.target = target
        self.in_memory = False
        self._memory = Path("/run/piwizard/memory") / target.relative_to("/")

    @property
    def root(self) -> Path:
        """Return the mounted root, as a path from outside."""
        return self._sandbox.root / self.target.relative_to("/")

    @property
    def upper(self) -> Path:
        """Return the folder with all writes, as a path from outside."""
        store = self._sandbox.root / self._memory.relative_to("/") if self.in_memory else self.folder
        return store / "upper"

    def mount(self) -> None:
        """Mount it, including earlier writes."""
        self._sandbox.check(("mkdir", "-p", str(self.target)))
        if self.in_memory:
            return self._mount(self._memory)
        try:
            self._mount(self.folder)
        except PiwizardError:
            # Not supported on this file system: it is an overlay itself, or has no extended attributes.
            self._sandbox.check(("mkdir", "-p", str(self._memory)))
            self._mount(self._memory)
            self.in_memory = True

    def _mount(self, store: Path) -> None:
        seen = self._sandbox.root / store.relative_to("/")
        # "volatile" never waits for the disk, and marks its work folder so that it is not reused.
        shutil.rmtree(seen / "work", ignore_errors=True)
        for part in ("upper", "work"):
            (seen / part).mkdir(parents=True, exist_ok=True)
        lower = ":".join(_escaped(layer) for layer in self._lower)
        options = f"lowerdir={lower},upperdir={_escaped(store / 'upper')},workdir={_escaped(store / 'work')},volatile"
        self._sandbox.check(("mount", "-t", "overlay", "-o", options, "overlay", str(self.target)))

    def unmount(self) -> None:
        """Unmount it, even if it is in use."""
        self._sandbox.run(("umount", "--lazy", "--recursive", str(self.target)))


def _escaped(path: Path) -> str:
    if "," in str(path):
        raise PiwizardError(f"A folder with a comma in its name cannot be a layer of an overlay: {path}")
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


@dataclass(frozen=True)
class Mount:
    """A mounted file system, or a mounted file, such as a container's /etc/hosts."""

    target: Path
    kind: str


def list_mounts(mountinfo: str) -> list[Mount]:
    """Parse /proc/self/mountinfo, and return the mounts that a copy of / lacks.

    The outermost are first, each path once.
    """
    found: dict[Path, Mount] = {}
    for line in mountinfo.splitlines():
        fields = line.split()
        kind = fields[fields.index("-") + 1]
        target = Path(_unescaped(fields[4]))
        if str(target) == "/" or any(target.is_relative_to(place) for place in KERNEL_MOUNTS):
            continue
        if kind in DISK_FILE_SYSTEMS or (kind == "tmpfs" and str(target) in MEMORY_MOUNTS):
            found[target] = Mount(target, kind)
    return sorted(found.values(), key=lambda mount: len(mount.target.parts))


def _unescaped(field: str) -> str:
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        field = field.replace(code, character)
    return field
