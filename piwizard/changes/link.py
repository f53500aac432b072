"""Create and remove symlinks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Link:
    """A symlink from `path` to `target`; no link if `target` is None."""

    kind: ClassVar[str] = "link"
    path: Path
    target: str | None

    @property
    def touches(self) -> Path:
        """Return the path of the link itself."""
        return self.path

    def describe(self) -> str:
        return f"Remove the link {self.path}" if self.target is None else f"Link {self.path} to {self.target}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = _target(self.path)
        if now == self.target and (self.target is not None or not self.path.exists()):
            return IN_SYNC
        lines = [f"-{self.path} -> {now}"] if now else []
        lines += [f"+{self.path} -> {self.target}"] if self.target else []
        return Preview(in_sync=False, diff="\n".join(lines), edited=memory.edited(self.path))

    def apply(self, work: ApplyContext) -> None:
        edited = work.edited(self.path)
        if self.path.exists() and not self.path.is_symlink() and not edited:
            raise ChangeFailed(
                f"{self.path} is a file, not a link, so it was not changed.",
                hint="Move it away and try again.",
            )
        if edited and not work.overwrite:
            raise ChangeFailed(
                f"{self.path} was changed by hand since piwizard made this link, so it was not changed.",
                hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
            )
        work.link(self.path, self.target)


def _target(path: Path) -> str | None:
    return os.readlink(path) if path.is_symlink() else None


def undo(record: Record, work: ApplyContext) -> str | None:
    """Restore the former link, or remove the link.

    Keep one that was changed by hand since.
    """
    path, target = Path(record["target"]), record["before"]["target"]
    files.temporary_path(path).unlink(missing_ok=True)
    if path.exists() and not path.is_symlink():
        return f"{path} is no longer a link: not changed."
    if work.edited(path):
        return f"{path} was changed by hand since piwizard made this link: not changed."
    if target is not None:
        files.make_folders(path.parent)
        files.make_link(path, target)
        work.note(path, f"links to {target} again")
    elif path.is_symlink():
        files.unlink(path)
        work.note(path, "link removed")
    return None
