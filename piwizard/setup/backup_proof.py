"""Restore the newest backup for a test, and check its databases.

The restored data is nobody's: it is unpacked where only this test sees it, and deleted at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from piwizard.backups import backup_record, contents
from piwizard.backups.backup_error import BackupError
from piwizard.backups.backup_record import LastProof, ProvenSite
from piwizard.backups.data_archive import UnpackReport
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.site_archive import unpack_site
from piwizard.setup import backup_job
from piwizard.setup.planner import Planner
from piwizard.system import app_data, files, paths
from piwizard.system.files import Owner

READ_SHARE = "5%"
"""How much of the repository's data is read for a test each time."""
RESERVE_BYTES = 256 << 20


def prove_backups(planner: Planner) -> LastProof:
    """Restore the newest snapshot of each site for a test; record the result."""
    at = backup_record.now()
    sites: dict[str, ProvenSite] = {}
    try:
        repository = backup_job.open_backups(planner)
        newest = {one.name: one for one in repository.snapshots(backup_record.read_record().host)}
        for site in backup_job.saved_sites(planner):
            snapshot = newest.get(contents.archive_name(site))
            sites[site] = (
                prove_site(planner, repository, site, snapshot)
                if snapshot
                else ProvenSite(detail="The site is in no backup yet.")
            )
        repository.unlock()
        repository.verify(READ_SHARE)
    except BackupError as error:
        proof = LastProof(at, False, error.sentence, sites)
    else:
        failed = [f"{site}: {one.detail}" for site, one in sites.items() if not one.ok]
        proof = LastProof(at, not failed, " ".join(failed) or _summary(sites), sites)
    backup_record.update_record(proof=proof)
    return proof


def _summary(sites: dict[str, ProvenSite]) -> str:
    count = sum(one.files for one in sites.values())
    return f"{count} files of {', '.join(sites) or 'no site'} restored for a test"


def prove_site(planner: Planner, repository: ResticRepository, site: str, snapshot: Snapshot) -> ProvenSite:
    """Restore a site's snapshot for a test."""
    with _test_folder(site) as folder:
        try:
            report = unpack_snapshot(repository, snapshot, site, folder)
        except BackupError as error:
            return ProvenSite(False, error.sentence, snapshot.id)
        problem = find_problem(report)
        return ProvenSite(not problem, problem or f"{report.files} files restored", snapshot.id, report.files)


def find_problem(report: UnpackReport) -> str:
    """Return what is wrong with restored data; "" if nothing is."""
    if report.broken_databases:
        return f"The database {report.broken_databases[0]} is damaged."
    return "" if report.complete else f"Only {report.files} files are in the backup: it is incomplete."


def unpack_snapshot(
    repository: ResticRepository, snapshot: Snapshot, site: str, folder: Path, *, hidden: bool = True
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


@contextmanager
def _test_folder(site: str) -> Iterator[Path]:
    """Yield an empty folder of a site's user that nobody else can reach; remove it at the end."""
    parent = paths.state_dir() / "backup-test"
    files.make_owned_folder(parent, 0o700, (0, 0))
    folder = parent / site
    files.remove_atomically(folder)
    files.make_owned_folder(folder, 0o750, Owner(site, site).ids())
    try:
        yield folder
    finally:
        files.remove_atomically(folder)
