"""Create folders with a mode and an owner."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files
from piwizard.system.files import ROOT, Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Folder:
    """A folder.

    Undo removes it if piwizard created it and it is empty, or, if `whole`, with all that it contains.
    """

    kind: ClassVar[str] = "folder"
    path: Path
    mode: int = 0o755
    owner: Owner = ROOT
    whole: bool = False

    def describe(self) -> str:
        return f"Folder {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if self.path.is_symlink() or not self.path.is_dir():
            return Preview(in_sync=False, diff=f"+{self.path}/")
        try:
            if files.mode_and_owner(self.path) == (self.mode, *self.owner.ids()):
                return IN_SYNC
        except KeyError:
            pass  # an earlier change of the same plan creates its owner
        return Preview(in_sync=False, diff=f"# {self.path}/: mode {self.mode:04o}, owner {self.owner.user}")

    def apply(self, work: ApplyContext) -> None:
        if os.path.lexists(self.path) and (self.path.is_symlink() or not self.path.is_dir()):
            raise ChangeFailed(f"{self.path} exists and is not a folder.", hint="Move it away and try again.")
        existed = self.path.is_dir()
        before = dict(zip(("mode", "uid", "gid"), files.mode_and_owner(self.path), strict=True)) if existed else None
        work.remember("folder", str(self.path), {"existed": existed, "whole": self.whole, "mode": before})
        files.make_owned_folder(self.path, self.mode, self.owner.ids())
        work.note(self.path, f"folder, mode {self.mode:04o}, owner {self.owner.user}")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove a folder that piwizard created; restore another's mode and owner."""
    path, before = Path(record["target"]), record["before"]
    if before["whole"] and not before["existed"]:
        files.remove(files.removal_path(path))
    if path.is_symlink() or not path.is_dir():
        return None
    if before["existed"]:
        files.make_owned_folder(path, before["mode"]["mode"], (before["mode"]["uid"], before["mode"]["gid"]))
        return None
    if before["whole"]:
        files.remove_atomically(path)
    elif any(path.iterdir()):
        return f"{path} is not empty: kept."
    else:
        path.rmdir()
    work.note(path, "removed")
    return None
