"""Unpack a site's data from a backup, and put it in place on a new Pi."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import ClassVar

from piwizard.backups import recovery_sheet
from piwizard.backups.archive_report import UnpackReport
from piwizard.backups.backup_error import BackupError
from piwizard.backups.opened_repository import make_ssh_key
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.site_archive import unpack_site
from piwizard.backups.target import target_of
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.changes.setup_record import holds_something
from piwizard.system import app_data, files, paths
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

UNPACKED = "data.restoring"
RESERVE_BYTES = 64 << 20
"""What stays free on the disk."""


def find_problem(report: UnpackReport) -> str:
    """Return what is wrong with unpacked data; "" if nothing is."""
    if report.broken_databases:
        return f"The database {report.broken_databases[0]} is damaged."
    return "" if report.complete else f"Only {report.files} files are in the backup: it is incomplete."


def unpack_snapshot(
    repository: ResticRepository, snapshot: Snapshot, site: str, folder: Path, *, hidden: bool
) -> UnpackReport:
    """Unpack the snapshot of a site into an empty folder of its user.

    `hidden`: the user reaches the folder only in the sandbox.
    """
    reports: list[UnpackReport] = []
    disk = os.statvfs(folder)
    limit = max(1, disk.f_bavail * disk.f_frsize - RESERVE_BYTES)
    shown, kept_in = (app_data.data_folder(site), folder) if hidden else (folder, None)
    repository.load(snapshot, lambda pipe: reports.append(unpack_site(site, shown, pipe, limit, kept_in=kept_in)))
    return reports[0]


def unpack_aside(repository: ResticRepository, snapshot: Snapshot, site: str, data: Path) -> Path:
    """Unpack a snapshot beside the data and check it. Return the new folder.

    BackupError if anything is wrong; then nothing is left of it.
    """
    new = data.with_name(UNPACKED)
    files.remove_atomically(new)
    files.make_owned_folder(new, 0o750, Owner(site, site).ids())
    try:
        problem = find_problem(unpack_snapshot(repository, snapshot, site, new, hidden=False))
        if problem:
            raise BackupError(
                "damaged",
                f"The backup of {site} cannot be used: {problem}",
                hint="Nothing was changed. Choose an earlier one with --at; `piwizard backup list` shows all.",
            )
    except BaseException:
        files.remove_atomically(new)
        raise
    return new


@dataclass(frozen=True)
class PendingRestore:
    """The sites of another Pi whose data is still to be restored, with snapshots.

    `unpacked` has the inode of a site's folder before it takes the place of the data: after a power cut, the data is
    known by it.
    """

    location: str
    user: str
    snapshots: Mapping[str, Snapshot]
    unpacked: Mapping[str, int] = field(default_factory=dict)

    def without(self, site: str) -> PendingRestore:
        """Return what is left when a site has its data."""
        left = {name: one for name, one in self.snapshots.items() if name != site}
        return replace(self, snapshots=left, unpacked={})


def pending_file() -> Path:
    """Return the file that says which data is still to be restored."""
    return paths.state_dir() / "restore.json"


def read_pending() -> PendingRestore | None:
    """Return what is still to be restored; None if nothing is."""
    from datetime import datetime

    try:
        found = json.loads(files.read(pending_file()) or b"null")
        snapshots = {
            site: Snapshot(one["id"], datetime.fromisoformat(one["at"]), one["host"], one["name"])
            for site, one in found["snapshots"].items()
        }
        unpacked = {str(site): int(inode) for site, inode in found.get("unpacked", {}).items()}
        return PendingRestore(found["location"], found["user"], snapshots, unpacked)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def write_pending(pending: PendingRestore) -> None:
    """Record what is still to be restored; remove the file if nothing is."""
    if not pending.snapshots:
        files.unlink(pending_file())
        return
    snapshots = {site: one.as_json() for site, one in pending.snapshots.items()}
    whole = {"version": 1, **asdict(pending), "snapshots": snapshots}
    files.make_folders(pending_file().parent, 0o700)
    files.replace(pending_file(), json.dumps(whole).encode(), mode=0o600)


def restored_data(site: str) -> tuple[RestoredData, ...]:
    """Return the change that restores a site's data, if that is to be done."""
    pending = read_pending()
    return (RestoredData(site),) if pending and site in pending.snapshots else ()


@dataclass(frozen=True)
class RestoredData:
    """The data of a site as in the backup of another Pi, in a folder empty before."""

    kind: ClassVar[str] = "restored-data"
    site: str

    def describe(self) -> str:
        return f"Restore {app_data.data_folder(self.site)} from the backup"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        pending = read_pending()
        if pending is None or self.site not in pending.snapshots:
            return IN_SYNC
        return Preview(in_sync=False, diff=f"+{app_data.data_folder(self.site)}/ (from {pending.location})")

    def apply(self, work: ApplyContext) -> None:
        pending = read_pending()
        if pending is None or self.site not in pending.snapshots:
            return
        data = app_data.data_folder(self.site)
        if data.is_dir() and data.stat().st_ino == pending.unpacked.get(self.site):
            files.remove_atomically(data.with_name(UNPACKED))
            write_pending(pending.without(self.site))
            return
        if holds_something(data):
            raise ChangeFailed(
                f"{data} has files already, so the backup was not restored over them.",
                hint=f"Move them away, or delete {pending_file()} to keep them, then apply again.",
            )
        target = target_of(pending.location, pending.user, recovery_sheet.kept_secret(recovery_sheet.ACCESS_KEY))
        key = make_ssh_key() if target.kind == "sftp" else None
        repository = ResticRepository(target, recovery_sheet.kept_secret(recovery_sheet.KEY), ssh_key=key)
        work.say(f"Restoring the data of {self.site}.")
        try:
            new = unpack_aside(repository, pending.snapshots[self.site], self.site, data)
        except BackupError as error:
            raise ChangeFailed(error.message, key=error.key, hint=error.hint) from error
        write_pending(replace(pending, unpacked={self.site: new.stat().st_ino}))
        files.replace_folder(new, data)
        write_pending(pending.without(self.site))
        work.note(data, "restored from the backup")
