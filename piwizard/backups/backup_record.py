"""Record the last backup, the last proof and the last restore of this Pi.

backup.json is what status, overview and alerts read: they need no target for that.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from piwizard.system import file_lock, files, paths
from piwizard.system.lazy_dataclass import dataclass

VERSION = 1


@dataclass(frozen=True)
class SavedSite:
    """A site in the last backup; the lists are those of `PackReport`.

    `page` has the facts of its first page at that time, served by `release`; None if it did not answer.
    """

    snapshot: str = ""
    files: int = 0
    bytes: int = 0
    databases: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    release: str = ""
    page: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class LastBackup:
    """The last attempt.

    `reason` is "" after a success; else it is that of BackupError.

    `other_databases` are servers on this Pi whose data no backup includes.
    """

    at: str = ""
    ok: bool = False
    reason: str = ""
    message: str = ""
    sites: Mapping[str, SavedSite] = field(default_factory=dict)
    other_databases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProvenSite:
    """The result of restoring one site for a test.

    `status` is the HTTP status of its first page from the restored data, None if the app did not run. `doubtful` are
    files that the backup lacks, or that were not whole when they were saved. `seconds`: how long restoring took.
    """

    ok: bool = False
    detail: str = ""
    snapshot: str = ""
    files: int = 0
    status: int | None = None
    doubtful: tuple[str, ...] = ()
    seconds: int = 0


@dataclass(frozen=True)
class LastProof:
    """The last test of whether the newest snapshots can be restored."""

    at: str = ""
    ok: bool = False
    message: str = ""
    sites: Mapping[str, ProvenSite] = field(default_factory=dict)


@dataclass(frozen=True)
class BackupRecord:
    """The knowledge of this Pi about its backups.

    `host` is the name of this Pi in the repository, `repository` the ID of that. `succeeded_at`: the last complete
    backup. `sheet_saved`: a person has confirmed that the recovery sheet is kept elsewhere.
    """

    host: str = ""
    repository: str = ""
    target: str = ""
    sheet_saved: bool = False
    succeeded_at: str = ""
    pruned_at: str = ""
    last: LastBackup | None = None
    proof: LastProof | None = None
    newest: Mapping[str, SavedSite] = field(default_factory=dict)
    """The newest snapshot of each site, even if a later attempt has failed."""

    @property
    def age_hours(self) -> float | None:
        """Return the age of the last complete backup; None before the first."""
        return hours_since(self.succeeded_at)

    def as_json(self) -> dict[str, Any]:
        """Return the form used with --json, which is also the file's."""
        return {"version": VERSION, **asdict(self)}


def now() -> str:
    """Return the time as the record has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def hours_since(at: str) -> float | None:
    """Return the hours since a recorded time; None if it is unknown."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() / 3600
    except (ValueError, TypeError):
        return None


def record_file() -> Path:
    """Return the path of the record."""
    return paths.state_dir() / "backup.json"


def read_record() -> BackupRecord:
    """Return the record; an empty one if there is none, or it is damaged."""
    try:
        whole = json.loads(files.read(record_file()) or b"{}")
    except ValueError:
        return BackupRecord()
    files.refuse_newer_format(record_file(), whole, VERSION)
    return decode_record(whole) if isinstance(whole, dict) else BackupRecord()


def decode_record(whole: Mapping[str, Any]) -> BackupRecord:
    """Return the record from its JSON form."""
    found = _known(BackupRecord, whole)
    last, proof = whole.get("last"), whole.get("proof")
    return replace(
        found,
        newest={name: _known(SavedSite, one) for name, one in _sites(whole, "newest").items()},
        last=_decode_last(last) if isinstance(last, dict) else None,
        proof=_decode_proof(proof) if isinstance(proof, dict) else None,
    )


def _decode_last(whole: Mapping[str, Any]) -> LastBackup:
    sites = {name: _known(SavedSite, one) for name, one in _sites(whole).items()}
    return replace(_known(LastBackup, whole), sites=sites)


def _decode_proof(whole: Mapping[str, Any]) -> LastProof:
    sites = {name: _known(ProvenSite, one) for name, one in _sites(whole).items()}
    return replace(_known(LastProof, whole), sites=sites)


def update_record(**changed: object) -> BackupRecord:
    """Change fields of the record, and return it."""
    folder = record_file().parent
    files.make_folders(folder)
    with file_lock.exclusive(folder):
        found = replace(read_record(), **changed)  # type: ignore[arg-type]  # the callers name the fields
        files.replace(record_file(), json.dumps(found.as_json()).encode(), mode=0o600)
    return found


def host_name(hostname: str) -> str:
    """Return the name of this Pi in the repository, which no other Pi has."""
    record = read_record()
    return record.host or update_record(host=f"{hostname[:40] or 'pi'}-{secrets.token_hex(4)}").host


Kind = TypeVar("Kind", BackupRecord, LastBackup, LastProof, SavedSite, ProvenSite)


def _known(kind: type[Kind], whole: Mapping[str, Any]) -> Kind:
    """Return an object with the fields that this version knows."""
    names = {one.name for one in fields(kind)} - {"last", "newest", "proof", "sites"}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in whole.items() if key in names
    }
    return kind(**values)


def _sites(whole: Mapping[str, Any], key: str = "sites") -> dict[str, dict[str, Any]]:
    sites = whole.get(key)
    return {name: one for name, one in sites.items() if isinstance(one, dict)} if isinstance(sites, dict) else {}
