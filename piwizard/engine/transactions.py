"""Back up the files of transactions until these are finished.

A transaction is finished when the new files are validated and activated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Required, TypedDict

from piwizard.system import files

Wrote = Callable[[Path, str], bool]
"""Checks whether piwizard wrote a file with this SHA-256 to this path."""


class FileCopy(TypedDict, total=False):
    """The former state of one path: a link, a file with its copy, or neither."""

    path: Required[str]
    link: Required[str | None]
    copy: Required[str | None]
    mode: int
    uid: int
    gid: int
    mtime_ns: int


class TransactionBackup:
    """The backup of one transaction.

    A folder has copies of its files, and a .json the paths that they belong to.
    """

    def __init__(self, backups: Path, group: str) -> None:
        self._copies = backups / "unfinished" / group
        self._index = backups / "unfinished" / f"{group}.json"

    def begin(self, paths: Sequence[Path], wrote: Wrote) -> list[Path]:
        """Back up these paths.

        Return the paths that were rolled back, as they no longer belong to the transaction.

        A transaction that was begun and never finished keeps its first copies, except of files that were edited
        by hand since: of these, the edited version is kept.
        """
        begun = {entry["path"]: entry for entry in self._entries()}
        if not begun:
            files.remove(self._copies)
            files.make_folders(self._copies, 0o700)
        wanted = [str(path) for path in paths]
        gone = [entry for path, entry in begun.items() if path not in wanted and not self._edited(entry, wrote)]
        changed = [Path(entry["path"]) for entry in gone if self._restore(entry)]
        index = [
            begun[path] if path in begun and not self._edited(begun[path], wrote) else self._back_up(Path(path))
            for path in wanted
        ]
        if index != list(begun.values()) or not self._index.exists():
            files.replace(self._index, json.dumps(index).encode(), mode=0o600)
        return changed

    def roll_back(self) -> list[Path]:
        """Restore all paths, the last one first. Return those that had changed."""
        changed = [Path(entry["path"]) for entry in reversed(self._entries()) if self._restore(entry)]
        self.finish()
        return changed

    def finish(self) -> None:
        """Remove the backup."""
        files.unlink(self._index)  # synced first, as it must not name copies that are gone
        files.remove(self._copies)

    def _entries(self) -> list[FileCopy]:
        content = files.read(self._index)
        return [] if content is None else list(json.loads(content))

    def _back_up(self, path: Path) -> FileCopy:
        entry: FileCopy = {"path": str(path), "copy": None, "link": None}
        if path.is_symlink():
            entry["link"] = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
            copy = files.digest(content)
            files.replace(self._copies / copy, content, mode=0o600)
            mode, uid, gid = files.mode_and_owner(path)
            entry |= {"copy": copy, "mode": mode, "uid": uid, "gid": gid, "mtime_ns": path.stat().st_mtime_ns}
        return entry

    @staticmethod
    def _edited(entry: FileCopy, wrote: Wrote) -> bool:
        path = Path(entry["path"])
        content = None if path.is_symlink() or not path.is_file() else path.read_bytes()
        return content is not None and (now := files.digest(content)) != entry["copy"] and not wrote(path, now)

    def _restore(self, entry: FileCopy) -> bool:
        """Restore one path. Return whether it had changed."""
        path = Path(entry["path"])
        if path.is_dir() and not path.is_symlink():
            return False  # not piwizard's: no change of a transaction creates a folder
        if entry["link"] is not None:
            if path.is_symlink() and os.readlink(path) == entry["link"]:
                return False
            files.make_link(path, entry["link"])
        elif entry["copy"] is None:
            if not os.path.lexists(path):
                return False
            path.unlink()
            files.sync_folder(path.parent)
        else:
            content = (self._copies / entry["copy"]).read_bytes()
            if not path.is_symlink() and files.read(path) == content:
                return False
            ids = (entry["uid"], entry["gid"])
            files.replace(path, content, mode=entry["mode"], ids=ids, mtime_ns=entry["mtime_ns"])
        return True
