"""Keep files and folders that an app writes outside its code.

They are persistent paths, and linked into each release.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path, PurePath
from typing import ClassVar

from piwizard.changes import chown
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.system import files, safe_open, tree_copy, tree_remove
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache
from piwizard.system.tree_copy import Modes

STAGE = ".piwizard-new"
"""A folder of root in the app's data. Nobody else can enter it, so paths are complete when they are moved out."""


@dataclass(frozen=True)
class PersistentPath:
    """`code`/`path` is a link to `data`/`path`, which belongs to `user`.

    Its first content is copied from the repository. A path that does not exist there is created as a folder, unless
    `is_file`: then the app creates the file. None: it is a file if its name has an extension (result.json).
    """

    kind: ClassVar[str] = "keep"
    code: Path
    data: Path
    path: str
    user: str
    is_file: bool | None = None

    def describe(self) -> str:
        return f"The app may write {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        inside, outside = self.code / self.path, self.data / self.path
        linked = inside.is_symlink() and os.readlink(inside) == str(outside)
        if linked and self._is_there():
            if not chown.of_others(self.data, self.path, self.user):
                return IN_SYNC
            return Preview(in_sync=False, diff=f"# {outside}: owner {self.user}, including everything in it")
        return Preview(in_sync=False, diff=f"+{inside} -> {outside}")

    def _is_there(self) -> bool:
        """Return whether the path is complete. The app may have put anything there, even links."""
        path = PurePath(self.path)
        try:
            with safe_open.open_folder(self.data) as data, safe_open.open_below(data, path.parent) as parent:
                # The app creates files, piwizard creates folders.
                return self._made_by_app or safe_open.entry_exists(path.name, parent)
        except OSError:
            return False

    @property
    def _made_by_app(self) -> bool:
        return bool(PurePath(self.path).suffix) if self.is_file is None else self.is_file

    def apply(self, work: ApplyContext) -> None:
        inside, outside = self.code / self.path, self.data / self.path
        for folder in PurePath(self.path).parents:
            if (self.code / folder).is_symlink():
                raise self._behind(str(folder))
        with safe_open.open_folder(self.data) as data:
            self._begin(inside, data, work)
        chown.give_back(self.data, self.path, self.user)
        if inside.is_dir() and not inside.is_symlink():
            files.remove(inside)
        files.make_folders(inside.parent)
        files.make_link(inside, str(outside))
        work.note(outside, f"linked from {inside}")

    def _behind(self, folder: str) -> ChangeFailed:
        return ChangeFailed(
            f"app.writable: {self.path} is behind {folder}, which is a link.",
            key="app.writable",
            hint="Name the folder that the link points to, or remove the link.",
        )

    def _begin(self, inside: Path, data: int, work: ApplyContext) -> None:
        """Create the missing part of the path, completely and with one rename."""
        parts = PurePath(self.path).parts
        there = self._parents(data, parts)
        for number in range(there + 1):  # left by a run that was killed
            with safe_open.open_below(data, PurePath(*parts[:number])) as folder:
                tree_remove.remove_tree(STAGE, folder)
        with safe_open.open_below(data, PurePath(*parts[:there])) as parent:
            missing = parts[there:]
            from_code = inside.exists() and not inside.is_symlink()
            made_by_app = not from_code and self._made_by_app
            if safe_open.entry_exists(missing[0], parent) or (made_by_app and len(missing) == 1):
                return
            os.mkdir(STAGE, 0o700, dir_fd=parent)
            with safe_open.open_below(parent, PurePath(STAGE)) as stage:
                self._stage(inside if from_code else None, missing[:-1] if made_by_app else missing, stage)
                work.command(("sync", "--file-system", str(self.data)))
                _move(missing[0], stage, parent)
            tree_remove.remove_tree(STAGE, parent)

    def _parents(self, data: int, parts: tuple[str, ...]) -> int:
        """Return how many folders of the path exist.

        Raise ChangeFailed if one of them is a link or a file.
        """
        for number in range(1, len(parts)):
            try:
                with safe_open.open_below(data, PurePath(*parts[:number])):
                    pass
            except FileNotFoundError:
                return number - 1
            except OSError:
                raise self._behind(str(self.data / PurePath(*parts[:number]))) from None
        return len(parts) - 1

    def _stage(self, source: Path | None, missing: tuple[str, ...], stage: int) -> None:
        """Create the missing part of the path in an open folder of root."""
        ids = Owner(self.user, self.user).ids()
        modes = Modes(ids, 0o750, folder=0o750)
        is_file = source is not None and source.is_file()
        with safe_open.make_nested_folders(stage, missing[:-1] if is_file else missing, ids, 0o750) as inner:
            if source is None:
                return
            with safe_open.open_folder(source.parent if is_file else source) as original:
                if not is_file:
                    tree_copy.copy_tree(original, inner, modes)
                elif file := safe_open.open_file(source.name, original):
                    with file:
                        tree_copy.copy_file(file, missing[-1], inner, modes)


def _move(name: str, source: int, target: int) -> None:
    """Move what was staged to its place, unless the app has created it meanwhile."""
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        return
    except PermissionError:  # a folder
        with suppress(FileExistsError, NotADirectoryError):
            _rename(name, source, target)
        return
    os.unlink(name, dir_fd=source)


def _rename(name: str, source: int, target: int) -> None:
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
