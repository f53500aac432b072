"""Groups that were begun: what their files were, kept on disk until guard and service have accepted the new ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Required, TypedDict

from piwizard.system import files

Wrote = Callable[[Path, str], bool]
"""Whether piwizard wrote a file of this SHA-256 at this path."""


class FileCopy(TypedDict, total=False):
    """How one path was: a link, a file with its copy, or neither."""

    path: Required[str]
    link: Required[str | None]
    copy: Required[str | None]
    mode: int
    uid: int
    gid: int
    mtime_ns: int


class TransactionBackup:
    """One group; its folder holds copies of the files, its .json says where they belong."""

    def __init__(self, backups: Path, group: str) -> None:
        self._copies = backups / "unfinished" / group
        self._index = backups / "unfinished" / f"{group}.json"

    def begin(self, paths: Sequence[Path], wrote: Wrote) -> list[Path]:
        """Copies what is there. Returns the paths that went back to what they were.

        A group that was begun and never finished keeps its first copies, but for files that somebody edited by
        hand since: of those the edited one is the one to go back to. Paths that it no longer has go back now.
        """
        begun = {entry["path"]: entry for entry in self._entries()}
        if not begun:
            files.remove(self._copies)
            files.make_folders(self._copies, 0o700)
        wanted = [str(path) for path in paths]
        gone = [entry for path, entry in begun.items() if path not in wanted and not self._edited(entry, wrote)]
        changed = [Path(entry["path"]) for entry in gone if self._put_back(entry)]
        index = [
            begun[path] if path in begun and not self._edited(begun[path], wrote) else self._look(Path(path))
            for path in wanted
        ]
        if index != list(begun.values()) or not self._index.exists():
            files.replace(self._index, json.dumps(index).encode(), mode=0o600)
        return changed

    def take_back(self) -> list[Path]:
        """Puts back what was there, the last first; returns the paths that had changed."""
        changed = [Path(entry["path"]) for entry in reversed(self._entries()) if self._put_back(entry)]
        self.finish()
        return changed

    def finish(self) -> None:
        """Nothing of the group needs to be kept any longer."""
        files.unlink(self._index)  # first, and for good: it must not name copies that are gone
        files.remove(self._copies)

    def _entries(self) -> list[FileCopy]:
        content = files.read(self._index)
        return [] if content is None else list(json.loads(content))

    def _look(self, path: Path) -> FileCopy:
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

    def _put_back(self, entry: FileCopy) -> bool:
        """Puts one path back to what it was; says whether it had changed."""
        path = Path(entry["path"])
        if path.is_dir() and not path.is_symlink():
            return False  # somebody else's: no change of a group makes one
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
