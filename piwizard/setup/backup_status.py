"""Say how the backups are, from their record alone."""

from __future__ import annotations

from piwizard.backups import backup_record
from piwizard.backups.backup_record import BackupRecord
from piwizard.system.lazy_dataclass import dataclass

OLD_HOURS = 16 * 24.0
"""After this, the last backup is too old for every schedule."""


@dataclass(frozen=True)
class BackupStatus:
    """The state of the backups at a glance.

    `problem` is "" if nothing needs the user; `unsaved`: the recovery sheet is not kept elsewhere yet. `lacking`
    are the files that the last backup lacks or that were not whole, as "SITE: PATH".
    """

    last_at: str
    proven_at: str
    problem: str
    unsaved: bool
    lacking: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the form used with --json."""
        return {
            "last_at": self.last_at or None,
            "proven_at": self.proven_at or None,
            "problem": self.problem or None,
            "sheet_saved": not self.unsaved,
            "lacking": list(self.lacking),
        }


def backup_status() -> BackupStatus | None:
    """Return the state of the backups; None if they are not set up. Quick."""
    record = backup_record.read_record()
    if not record.repository:
        return None
    proven = record.proof.at if record.proof and record.proof.ok else ""
    return BackupStatus(record.succeeded_at, proven, _problem(record), not record.sheet_saved, _lacking(record))


def _lacking(record: BackupRecord) -> tuple[str, ...]:
    sites = record.last.sites.items() if record.last else ()
    return tuple(f"{name}: {one}" for name, saved in sites for one in (*saved.skipped, *saved.changing, *saved.damaged))


def _problem(record: BackupRecord) -> str:
    if record.proof is not None and not record.proof.ok:
        return f"The newest backup could not be restored for a test. {record.proof.message}"
    if record.last is not None and not record.last.ok:
        return record.last.message
    age = record.age_hours
    return "The last backup is more than two weeks old." if age is not None and age > OLD_HOURS else ""
