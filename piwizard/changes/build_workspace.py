"""A folder in which an app is built: a copy of its code, the build user's from the start, and gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system import files, paths, safe_open, tree_copy
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.files import ROOT, Owner
from piwizard.system.tree_copy import Modes

BUILD_USER = "piwizard-build"
"""Runs what packages do while they are installed. It owns nothing, and is none of the users that apps run as."""
HOME = Path("home")
SPARE = 64 << 20
"""Bytes that stay free on the disk."""


@dataclass(frozen=True)
class Workspace:
    """Folders of `user` below `folder`, which only root can enter: commands see them at other paths, by bind mounts."""

    folder: Path
    user: str

    def sandbox(self, *, binds: tuple[tuple[str, Path], ...], writable: tuple[Path, ...] = (), seconds: int) -> Sandbox:
        """Return the sandbox of a command that sees folders of this workspace at the paths named beside them."""
        pairs = tuple((self.folder / name, path) for name, path in binds)
        return Sandbox(self.user, (*writable, *(path for _, path in pairs)), pairs, seconds)

    def make(self, name: str) -> Path:
        """Make an empty folder of the user's."""
        files.make_owned_folder(self.folder / name, 0o700, self._ids)
        return self.folder / name

    def copy(self, source: Path, name: str) -> None:
        """Copy a tree that is root's alone into a folder of the user's."""
        folder = self.folder / name
        files.make_owned_folder(folder, 0o700, ROOT.ids())
        with safe_open.open_folder(source) as original, safe_open.open_folder(folder) as copy:
            tree_copy.copy_tree(original, copy, Modes(self._ids, 0o777))
        files.make_owned_folder(folder, 0o700, self._ids)

    def outline(self, source: Path, name: str) -> str:
        """Make a folder of the user's that has the folders of another, and nothing that is in them. Returns `name`."""
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
    """The path at which a build finds its empty home."""
    return paths.cache_dir() / HOME


@contextmanager
def workspace(site: str, user: str) -> Iterator[Workspace]:
    """Make an empty workspace, and remove it afterwards. What a killed run has left is removed before."""
    folder = paths.cache_dir() / "build" / site
    files.remove(folder)
    files.make_folders(folder.parent)
    files.make_owned_folder(folder, 0o700, ROOT.ids())
    try:
        yield Workspace(folder, user)
    finally:
        files.remove(folder)


def take(source: Path, target: Path, group: str, work: ApplyContext) -> None:
    """Copy a folder that is a build's out as root's, readable for `group`, and put it in the place of `target`.

    No link of it is followed, none of its modes but execution counts, and nothing of it can be altered any more: what
    `target` was is there until the new one is whole and on the disk.
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
    """ChangeFailed where a build is larger than what programs may still write: root could use more than that."""
    with safe_open.open_folder(source) as built:
        needed = sum(info.st_blocks * 512 for _, _, info in safe_open.walk(built))
    found = os.statvfs(disk)
    free = found.f_bavail * found.f_frsize
    if free < needed + SPARE:
        raise ChangeFailed(
            f"What was built takes {needed >> 20} MB, and {free >> 20} MB are free on the disk.",
            hint="What ran before runs on. Make room on the disk, then try again.",
        )
