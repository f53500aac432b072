"""Create and remove symlinks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files
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
        return Preview(in_sync=False, diff="\n".join(lines))

    def apply(self, work: ApplyContext) -> None:
        if self.path.exists() and not self.path.is_symlink():
            raise ChangeFailed(
                f"{self.path} is a file, not a link, so it was not changed.",
                hint="Move it away and try again.",
            )
        work.remember("link", str(self.path), {"target": _target(self.path)})
        _place(self.path, self.target, work)


def _target(path: Path) -> str | None:
    return os.readlink(path) if path.is_symlink() else None


def _place(path: Path, target: str | None, work: ApplyContext) -> None:
    before = f" (before: {now})" if (now := _target(path)) not in (None, target) else ""
    if target is not None:
        files.make_folders(path.parent)
        files.make_link(path, target)
        work.note(path, f"now links to {target}{before}")
    elif path.is_symlink():
        path.unlink()
        files.sync_folder(path.parent)
        work.note(path, f"link removed{before}")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Restore the former link, or remove the link."""
    path = Path(record["target"])
    files.temporary_path(path).unlink(missing_ok=True)
    if path.exists() and not path.is_symlink():
        return f"{path} is no longer a link: not changed."
    _place(path, record["before"]["target"], work)
    return None
