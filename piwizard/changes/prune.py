"""Old releases: removed, so that the disk does not fill up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.changes.release_record import PROOF_FILE, RECORD
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

KEPT_RELEASES, MAX_KEPT_RELEASES = 2, 20


@dataclass(frozen=True)
class Prune:
    """Old releases that are removed.

    In the folder `releases`, only the target of `current` and the newest `keep` others that visitors have got are kept.
    """

    kind: ClassVar[str] = "prune"
    releases: Path
    current: Path
    keep: int = KEPT_RELEASES

    def describe(self) -> str:
        return f"Keep {self.keep} releases in addition to the one in use"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return _preview(self._old())

    def apply(self, work: ApplyContext) -> None:
        _remove(self._old(), work)

    def _old(self) -> list[Path]:
        if not self.current.is_symlink():
            return []
        there = [folder for folder in self.releases.glob("*") if folder != self.current.resolve()]
        failed = failed_releases(there)
        served = sorted((one for one in there if one not in failed), key=lambda folder: folder.stat().st_mtime)
        return failed + served[: max(0, len(served) - self.keep)]


@dataclass(frozen=True)
class FailedReleasesRemoved:
    """Releases that no visitor has got, removed before another one is built.

    Otherwise each commit and each rebuild that fails would leave its environment until one succeeds, on a card that
    fills up meanwhile. `wanted` is the release that is built: what there is of it is continued. The newest failed one
    stays, since its environment is often that of its correction.
    """

    kind: ClassVar[str] = "failed-releases"
    releases: Path
    current: Path
    wanted: Path

    def describe(self) -> str:
        return "Remove the releases that have failed"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if (self.wanted / PROOF_FILE).is_file():  # nothing is built
            return IN_SYNC
        return _preview(self._failed())

    def apply(self, work: ApplyContext) -> None:
        _remove(self._failed(), work)

    def _failed(self) -> list[Path]:
        kept = (self.wanted, self.current.resolve())
        failed = failed_releases([folder for folder in self.releases.glob("*") if folder not in kept])
        return sorted(failed, key=lambda folder: (not folder.name.startswith("."), folder.stat().st_mtime))[:-1]


def _preview(removed: Sequence[Path]) -> Preview:
    return Preview(in_sync=False, diff="\n".join(f"-{folder}" for folder in removed)) if removed else IN_SYNC


def _remove(folders: Sequence[Path], work: ApplyContext) -> None:
    for folder in folders:
        files.remove_atomically(folder)
        work.note(folder, "removed")


def failed_releases(there: Sequence[Path]) -> list[Path]:
    """Return the incomplete releases, and those that no visitor has got.

    One from before there were records counts as served if it has passed its smoke test.
    """
    recorded = {folder for folder in there if (folder / RECORD).is_file()}
    served = recorded or {folder for folder in there if (folder / PROOF_FILE).is_file()}
    return [folder for folder in there if folder not in served or folder.name.startswith(".")]
