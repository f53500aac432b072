"""Groups that were begun: what their files were, kept on disk until guard and service have accepted the new ones."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.machine import files


class Unfinished:
    """One group; its folder holds copies of the files, its .json says where they belong."""

    def __init__(self, backups: Path, group: str) -> None:
        self._copies = backups / "unfinished" / group
        self._index = backups / "unfinished" / f"{group}.json"

    def begin(self, paths: Sequence[Path]) -> None:
        """Copies what is there; a group that was begun and never finished keeps its first copies."""
        if self._index.exists():
            return
        shutil.rmtree(self._copies, ignore_errors=True)
        self._copies.mkdir(parents=True, mode=0o700)
        index = [self._look(number, path) for number, path in enumerate(paths)]
        files.replace(self._index, json.dumps(index).encode(), mode=0o600)

    def _look(self, number: int, path: Path) -> Record:
        entry: Record = {"path": str(path), "copy": None, "link": None}
        if path.is_symlink():
            entry["link"] = os.readlink(path)
        elif path.exists():
            shutil.copyfile(path, self._copies / str(number))
            mode, uid, gid = files.mode_and_owner(path)
            entry |= {"copy": str(number), "mode": mode, "uid": uid, "gid": gid, "mtime_ns": path.stat().st_mtime_ns}
        return entry

    def take_back(self) -> list[Path]:
        """Puts back what was there; returns the paths that had changed."""
        changed = []
        for entry in json.loads(self._index.read_bytes()):
            path = Path(entry["path"])
            content = (self._copies / entry["copy"]).read_bytes() if entry["copy"] is not None else None
            if entry["link"] is not None:
                if not path.is_symlink() or os.readlink(path) != entry["link"]:
                    files.link(path, entry["link"])
                    changed.append(path)
            elif content is None:
                if os.path.lexists(path):
                    path.unlink()
                    files.sync_folder(path.parent)
                    changed.append(path)
            elif path.is_symlink() or files.read(path) != content:
                ids = (entry["uid"], entry["gid"])
                files.replace(path, content, mode=entry["mode"], ids=ids, mtime_ns=entry["mtime_ns"])
                changed.append(path)
        self.finish()
        return changed

    def finish(self) -> None:
        """Nothing of the group needs to be kept any longer."""
        self._index.unlink(missing_ok=True)
        shutil.rmtree(self._copies, ignore_errors=True)
