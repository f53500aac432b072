"""Make a backup: the machine's archive, then that of each site."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from piwizard.apps import rollback_pin
from piwizard.apps.page_facts import PageFacts
from piwizard.backups import backup_record, contents
from piwizard.backups.archive_report import PackReport
from piwizard.backups.backup_error import BackupError, backup_error
from piwizard.backups.backup_record import BackupRecord, LastBackup, SavedSite
from piwizard.backups.restic import ResticRepository
from piwizard.backups.site_archive import pack_site
from piwizard.network import internet_time
from piwizard.system import app_data

PackSite = Callable[[str, int], PackReport]
ReadPage = Callable[[str], PageFacts | None]
PRUNE_HOURS = 24.0


def pack_data(site: str, output: int) -> PackReport:
    """Write the archive of a site's data to a pipe."""
    return pack_site(site, app_data.data_folder(site), output)


def make_backup(
    repository: ResticRepository,
    host: str,
    sites: Sequence[str],
    *,
    pack: PackSite = pack_data,
    page: ReadPage = lambda site: None,
) -> BackupRecord:
    """Save everything, remove what is too old, and record the result.

    `page` requests the first page of a site, for the weekly test. BackupError says why it failed, and is recorded, too.
    """
    at = backup_record.now()
    saved: dict[str, SavedSite] = {}
    try:
        _require_clock()
        _require_known(repository)
        repository.unlock()
        try:
            _save(repository, host, sites, saved, pack, page)
        except BackupError as error:
            if error.reason != "full" or not _made_room(repository, host):
                raise
            _save(repository, host, sites, saved, pack, page)
        last = LastBackup(at, True, "", "", saved, contents.other_databases())
        record = _record(last, sites, succeeded_at=backup_record.now())
        return _prune(repository, host, record)
    except BackupError as error:
        _record(LastBackup(at, False, error.reason, error.sentence, saved, contents.other_databases()), sites)
        raise


def _record(last: LastBackup, sites: Sequence[str], **changed: str) -> BackupRecord:
    """Record an attempt, and the newest snapshot of each site, which may be of an earlier attempt."""
    known = backup_record.read_record().newest
    newest = {site: found for site in sites if (found := last.sites.get(site) or known.get(site))}
    return backup_record.update_record(last=last, newest=newest, **changed)


def _made_room(repository: ResticRepository, host: str) -> bool:
    """Remove what is too old from a full target, and what a backup that did not fit has left; return whether."""
    try:
        repository.unlock()
        repository.forget(host)
    except BackupError:  # the caller names the full target
        return False
    backup_record.update_record(pruned_at=backup_record.now())
    return True


def _save(
    repository: ResticRepository,
    host: str,
    sites: Sequence[str],
    saved: dict[str, SavedSite],
    pack: PackSite,
    page: ReadPage,
) -> None:
    """Save each site and the machine. BackupError at the end if a site could not be packed."""
    at = datetime.now(UTC)
    failures: list[BackupError] = []
    for site in sites:
        try:
            release, facts = rollback_pin.current_release(site), page(site)
            known = _save_site(repository, host, at, site, pack, failures)
            saved[site] = replace(known, release=release, page=facts.as_json() if facts else None)
        except BackupError as error:
            if error not in failures:  # the repository failed: the others would fail, too
                raise
    # The machine's archive comes last: a restore that finds it finds its sites, or their earlier backups.
    repository.save(contents.MACHINE, host, at, lambda pipe: _pack_machine(pipe, sites))
    if failures:
        first = failures[0]
        raise BackupError(first.reason, " ".join(one.message for one in failures), hint=first.hint)


def _save_site(
    repository: ResticRepository, host: str, at: datetime, site: str, pack: PackSite, failures: list[BackupError]
) -> SavedSite:
    """Save a site. Add the error to `failures` if it is the site's and not the repository's."""
    reports: list[PackReport] = []

    def write(pipe: int) -> None:
        try:
            reports.append(pack(site, pipe))
        except BackupError as error:
            failures.append(error)
            raise

    snapshot = repository.save(contents.archive_name(site), host, at, write)
    found: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in asdict(reports[0]).items()
    }
    found.pop("version")
    return SavedSite(snapshot, **found)


def _pack_machine(pipe: int, sites: Sequence[str]) -> None:
    with os.fdopen(os.dup(pipe), "wb") as output:
        contents.pack_machine(output, sites)


def _prune(repository: ResticRepository, host: str, record: BackupRecord) -> BackupRecord:
    hours = backup_record.hours_since(record.pruned_at)
    if hours is not None and 0 <= hours < PRUNE_HOURS:
        return record
    try:
        repository.forget(host)
    except BackupError as error:
        if error.reason == "locked":  # another Pi uses the repository: the next backup tries again
            return record
        raise
    return backup_record.update_record(pruned_at=backup_record.now())


def _require_clock() -> None:
    if not internet_time.check_clock(internet_time.read_clock()).ok:
        raise backup_error("clock", "")


def _require_known(repository: ResticRepository) -> None:
    """Raise BackupError unless this is the repository that the step has opened."""
    found, known = repository.identity(), backup_record.read_record().repository
    if known and found != known:
        raise BackupError(
            "missing",
            f"The backups at {repository.target.location} are not those of this Pi: another drive may be connected.",
            hint="Connect the right one. To use this one from now on, run `piwizard apply backup`.",
        )
