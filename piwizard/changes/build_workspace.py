"""Build an app in a temporary folder with a copy of its code.

The copy belongs to the build user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system import files, paths, safe_open, tree_copy
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.files import ROOT, Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.tree_copy import Modes

BUILD_USER = "piwizard-build"
"""The user that runs the code of packages during their installation. It owns nothing, and no app runs as it."""
HOME = Path("home")
SPARE = 64 << 20
"""Bytes that stay free on the disk."""


@dataclass(frozen=True)
class Workspace:
    """Folders of `user` below `folder`, which only root can enter.

    Commands see them at other paths by bind mounts.
    """

    folder: Path
    user: str

    def sandbox(self, *, binds: tuple[tuple[str, Path], ...], writable: tuple[Path, ...] = (), seconds: int) -> Sandbox:
        """Return the sandbox of a command that sees folders at the given paths."""
        pairs = tuple((self.folder / name, path) for name, path in binds)
        return Sandbox(self.user, (*writable, *(path for _, path in pairs)), pairs, seconds)

    def make(self, name: str) -> Path:
        """Create an empty folder of the user."""
        files.make_owned_folder(self.folder / name, 0o700, self._ids)
        return self.folder / name

    def copy(self, source: Path, name: str) -> None:
        """Copy a tree of root into a folder of the user."""
        folder = self.folder / name
        files.make_owned_folder(folder, 0o700, ROOT.ids())
        with safe_open.open_folder(source) as original, safe_open.open_folder(folder) as copy:
            tree_copy.copy_tree(original, copy, Modes(self._ids, 0o777))
        files.make_owned_folder(folder, 0o700, self._ids)

    def outline(self, source: Path, name: str) -> str:
        """Copy the folders of a tree without their files. Return `name`.

        The copies belong to the user.
        """
        folder = self.folder / name
        files.make_owned_folder(folder, 0o700, ROOT.ids())
        with safe_open.open_folder(source) as original, safe_open.open_folder(folder) as made:
            tree_copy.copy_folders(original, made, Modes(self._ids, 0o777))
        files.make_owned_folder(folder, 0o700, self._ids)
        return name

    @property
    def _ids(self) -> tuple[int, int]:
        return Owner(self.user, self.user).ids()


def home() -> Path:
    """Return the path where a build sees its empty home folder."""
    return paths.cache_dir() / HOME


@contextmanager
def workspace(site: str, user: str) -> Iterator[Workspace]:
    """Create an empty workspace, and remove it afterwards.

    Remove what a killed run has left before.
    """
    folder = paths.cache_dir() / "build" / site
    files.remove(folder)
    files.make_folders(folder.parent)
    files.make_owned_folder(folder, 0o700, ROOT.ids())
    try:
        yield Workspace(folder, user)
    finally:
        files.remove(folder)


def take(source: Path, target: Path, group: str, work: ApplyContext) -> None:
    """Replace `target` by a copy of a build's folder.

    The copy belongs to root and is readable for `group`.

    No link is followed, and of the modes only execution is kept. The old `target` stays until the new one is
    complete and on the disk.
    """
    new = files.temporary_path(target)
    files.remove(new)
    _require_room(source, target.parent)
    files.make_owned_folder(new, 0o700, ROOT.ids())
    ids = Owner("root", group).ids()
    try:
        with safe_open.open_folder(source) as original, safe_open.open_folder(new) as copy:
            tree_copy.copy_tree(original, copy, Modes(ids, 0o750, folder=0o750, always=0o440))
        files.make_owned_folder(new, 0o750, ids)
        work.command(("sync", "--file-system", str(new)))
        files.replace_folder(new, target)
    except BaseException:
        files.remove(new)
        raise


def _require_room(source: Path, disk: Path) -> None:
    """Raise ChangeFailed if a build does not fit on the disk.

    The reserve that only root may use does not count.
    """
    with safe_open.open_folder(source) as built:
        needed = sum(info.st_blocks * 512 for _, _, info in safe_open.walk(built))
    found = os.statvfs(disk)
    free = found.f_bavail * found.f_frsize
    if free < needed + SPARE:
        raise ChangeFailed(
            f"The build needs {needed >> 20} MB, and {free >> 20} MB are free on the disk.",
            hint="The version in use keeps running. Free space on the disk, then apply again.",
        )
