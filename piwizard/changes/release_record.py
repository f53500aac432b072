"""Record what a release is, who deployed it, and when it was used last."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from piwizard.changes import data_copy
from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview
from piwizard.git.commit_details import read_commit_details
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

RECORD = "record.json"
"""In a release's folder, once visitors have got it."""
PROOF_FILE = "proven.json"
"""In a release's folder: the entry that passed the smoke test, and its memory usage."""
RECORD_VERSION = 1


@dataclass(frozen=True)
class Deployer:
    """The account or program that started a run, and when; empty outside a run."""

    name: str = ""
    since: float = 0.0


@dataclass(frozen=True)
class ReleaseRecord:
    """A release that visitors have got; texts are empty where unknown.

    Times are in ISO 8601. `used_at` is when the release took over last, which a rollback makes later than
    `deployed_at`. `size`: bytes on the disk.
    """

    commit: str
    subject: str = ""
    author: str = ""
    committed_at: str = ""
    deployed_at: str = ""
    deployed_by: str = ""
    used_at: str = ""
    size: int = 0

    def encode(self) -> bytes:
        """Return the content of the file."""
        return json.dumps({"version": RECORD_VERSION, **asdict(self)}).encode()


def read_release_record(release: Path) -> ReleaseRecord | None:
    """Return the record of a release; None if it has none that this version can read."""
    try:
        raw = json.loads(files.read(release / RECORD) or b"{}")
        if raw.pop("version") != RECORD_VERSION:
            return None
        record = ReleaseRecord(**raw)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    texts = [value for name, value in asdict(record).items() if name != "size"]
    return record if all(isinstance(one, str) for one in texts) and isinstance(record.size, int) else None


@dataclass(frozen=True)
class RecordRelease:
    """The record of `release`, to which the link `current` points.

    It is written after the release has taken over, and again whenever it takes over again.
    """

    kind: ClassVar[str] = "record"
    release: Path
    current: Path
    commit: str
    group: str
    deployer: Deployer = Deployer()

    def describe(self) -> str:
        return f"Record the release {self.release.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        record = read_release_record(self.release)
        if record and (record.used_at >= _iso(self._switched) or not self._in_use):
            return IN_SYNC
        return Preview(in_sync=False, diff=f"+{self.release / RECORD}")

    def apply(self, work: ApplyContext) -> None:
        used_at = _iso(self._switched)
        record = read_release_record(self.release) or self._new(used_at)
        files.replace(self.release / RECORD, replace(record, used_at=used_at).encode())

    def _new(self, used_at: str) -> ReleaseRecord:
        details = read_commit_details(self.release / "app", self.group)
        # A release from before there were records was not deployed by this run.
        by = self.deployer.name if self._switched >= self.deployer.since else ""
        size = data_copy.size(self.release)
        return ReleaseRecord(self.commit, details.subject, details.author, details.date, used_at, by, used_at, size)

    @property
    def _in_use(self) -> bool:
        return self.current.is_symlink() and self.current.resolve() == self.release

    @property
    def _switched(self) -> float:
        """Return when the link was made: when the release took over."""
        return self.current.lstat().st_mtime if self.current.is_symlink() else 0.0


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
