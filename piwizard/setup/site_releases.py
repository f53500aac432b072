"""List the releases of a site: what each is, who deployed it, and its size."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from piwizard.apps.layout import SiteLayout
from piwizard.changes import data_copy
from piwizard.changes.release_record import PROOF_FILE, ReleaseRecord, read_release_record
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

SHORT_COMMIT = 7
"""Characters of a commit that are shown."""


@dataclass(frozen=True)
class SiteRelease:
    """A release on the disk.

    `served`: visitors have got it. One from before there were records counts if it has passed its smoke test.
    """

    name: str
    record: ReleaseRecord
    in_use: bool
    recorded: bool
    served: bool

    def as_json(self) -> dict[str, object]:
        """Return the form used with --json."""
        record = self.record
        return {
            "release": self.name,
            "commit": record.commit,
            "subject": record.subject or None,
            "author": record.author or None,
            "committed_at": record.committed_at or None,
            "deployed_at": record.deployed_at or None,
            "deployed_by": record.deployed_by or None,
            "used_at": record.used_at or None,
            "bytes": record.size,
            "in_use": self.in_use,
            "served": self.served,
        }


def list_releases(site: str) -> list[SiteRelease]:
    """Return the releases of a site, the one in use first, then those used last."""
    where = SiteLayout(site, "")
    current = where.current.resolve().name if where.current.is_symlink() else ""
    folders = [path for path in (where.folder / "releases").glob("[!.]*") if path.is_dir() and not path.is_symlink()]
    found = [one for one in (_read(path, in_use=path.name == current) for path in folders) if one.record.commit]
    if any(one.recorded for one in found if not one.in_use):  # a proven one without a record failed as a service
        found = [replace(one, served=one.recorded or one.in_use) for one in found]
    return sorted(found, key=lambda one: (one.in_use, one.recorded, one.record.used_at), reverse=True)


def _read(release: Path, *, in_use: bool) -> SiteRelease:
    if record := read_release_record(release):
        return SiteRelease(release.name, record, in_use, recorded=True, served=True)
    proof = release / PROOF_FILE
    known = ReleaseRecord(_commit(release), used_at=_time_of(proof), size=data_copy.size(release))
    return SiteRelease(release.name, known, in_use, recorded=False, served=in_use or proof.is_file())


def _commit(release: Path) -> str:
    try:
        return str(json.loads(files.read(release / "release.json") or b"{}").get("commit", ""))
    except (ValueError, AttributeError):
        return ""


def _time_of(path: Path) -> str:
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC).isoformat()
    except OSError:
        return ""
