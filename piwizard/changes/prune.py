"""Old releases: removed, so that the disk does not fill up."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

KEPT_RELEASES, MAX_KEPT_RELEASES = 2, 20


@dataclass(frozen=True)
class Prune:
    """Old releases that are removed.

    In the folder `releases`, only the target of `current` and the newest `keep` others are kept.
    """

    kind: ClassVar[str] = "prune"
    releases: Path
    current: Path
    keep: int = KEPT_RELEASES

    def describe(self) -> str:
        return f"Keep {self.keep} releases in addition to the one in use"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        old = self._old()
        return Preview(in_sync=False, diff="\n".join(f"-{folder}" for folder in old)) if old else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        for folder in self._old():
            files.remove_atomically(folder)
            work.note(folder, "removed")

    def _old(self) -> list[Path]:
        if not self.current.is_symlink():
            return []
        there = [folder for folder in self.releases.glob("*") if folder != self.current.resolve()]
        incomplete = [folder for folder in there if folder.name.startswith(".")]
        others = [folder for folder in there if folder not in incomplete]
        return incomplete + sorted(others, key=lambda folder: folder.stat().st_mtime)[: max(0, len(others) - self.keep)]
