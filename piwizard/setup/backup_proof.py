"""Restore the newest backup for a test, and check its databases.

The restored data is nobody's: it is unpacked where only this test sees it, and deleted at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from piwizard.backups import backup_record, contents
from piwizard.backups.backup_error import BackupError
from piwizard.backups.backup_record import LastProof, ProvenSite, SavedSite
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.restored_data import find_problem, unpack_snapshot
from piwizard.setup import backup_job
from piwizard.setup.planner import Planner
from piwizard.setup.restored_app import RestoredApp, start_restored
from piwizard.system import files, paths
from piwizard.system.files import Owner

READ_SHARE = "5%"
"""How much of the repository's data is read for a test each time."""
SHOWN = 3
"""How many files are named in a sentence."""


def prove_backups(planner: Planner) -> LastProof:
    """Restore the newest snapshot of each site for a test; record the result.

    BackupError if another Pi is using the target.
    """
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
        unread = _unread(repository)
    except BackupError as error:
        if error.reason == "locked":  # it says nothing about the backups
            raise
        proof = LastProof(at, False, error.sentence, sites)
    else:
        failed = [f"{site}: {one.detail}" for site, one in sites.items() if not one.ok]
        proof = LastProof(at, not failed, " ".join(failed) or _summary(sites) + unread, sites)
    backup_record.update_record(proof=proof)
    return proof


def _unread(repository: ResticRepository) -> str:
    """Read a part of the data at the target. Return why it could not be read, if that says nothing about it."""
    repository.unlock()
    try:
        repository.verify(READ_SHARE)
    except BackupError as error:
        if error.reason != "locked":
            raise
        return "; the data at the target was not read, because another backup is using it"
    return ""


def _summary(sites: dict[str, ProvenSite]) -> str:
    return (
        "; ".join(f"{site}: {one.detail}" for site, one in sites.items()) or "The backups at the target are complete."
    )


def prove_site(planner: Planner, repository: ResticRepository, site: str, snapshot: Snapshot) -> ProvenSite:
    """Restore a site's snapshot for a test."""
    with _test_folder(site) as folder:
        began = time.monotonic()
        try:
            report = unpack_snapshot(repository, snapshot, site, folder, hidden=True)
        except BackupError as error:
            return ProvenSite(False, error.sentence, snapshot.id)
        known = ProvenSite(False, "", snapshot.id, report.files, doubtful=tuple(report.doubtful))
        if problem := find_problem(report):
            return replace(known, detail=problem)
        known = replace(known, seconds=round(time.monotonic() - began))
        app = start_restored(planner, site, folder, saved_site(site, snapshot))
        return replace(known, ok=not app.problem, detail=app.problem or _describe(known, app), status=app.status)


def saved_site(site: str, snapshot: Snapshot) -> SavedSite | None:
    """Return what is recorded of a site's snapshot.

    None if a power cut came before the record.
    """
    record = backup_record.read_record()
    # A record of an earlier version has the snapshots of the last attempt alone.
    found = record.newest.get(site) or (record.last.sites.get(site) if record.last else None)
    # restic of Debian 12 gives the beginning of the ID.
    return found if found and found.snapshot and snapshot.id.startswith(found.snapshot) else None


def _describe(found: ProvenSite, app: RestoredApp) -> str:
    """Return what a test has shown that passed, and what the backup lacks."""
    shown = f", first page returns {app.status}" if app.status else ""
    more = f" and {len(found.doubtful) - SHOWN} more" if len(found.doubtful) > SHOWN else ""
    lacks = f"; not saved whole: {', '.join(found.doubtful[:SHOWN])}{more}" if found.doubtful else ""
    return f"{found.files} files restored in {found.seconds} s{shown}{lacks}"


@contextmanager
def _test_folder(site: str) -> Iterator[Path]:
    """Yield an empty folder of a site's user that nobody else can reach; remove it at the end."""
    parent = paths.state_dir() / contents.PROOF
    files.make_owned_folder(parent, 0o700, (0, 0))
    folder = parent / site
    files.remove_atomically(folder)
    files.make_owned_folder(folder, 0o750, Owner(site, site).ids())
    try:
        yield folder
    finally:
        files.remove_atomically(folder)
