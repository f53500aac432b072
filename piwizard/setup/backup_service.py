"""Give screens the backups of this machine, their test and recovery sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.backups.backup_record import BackupRecord, LastBackup, LastProof
    from piwizard.backups.recovery_sheet import RecoverySheet
    from piwizard.setup.backup_job import SavedSet


@dataclass(frozen=True)
class BackupState:
    """The backups of this machine, from their record and their timer.

    `next_at` is "" if no timer runs. `undoable` are the sites whose last restore can be undone.
    """

    record: BackupRecord
    next_at: str
    undoable: tuple[str, ...]


class BackupService(SetupService):
    """The setup service with what belongs to backups."""

    def backup_state(self) -> BackupState:
        """Return the state of the backups. Asks no target."""
        from piwizard.backups import backup_record
        from piwizard.setup import backup_job, site_restore, workspace

        record = backup_record.read_record()
        undoable = tuple(site for site in workspace.set_up() if site_restore.read_restore(site) is not None)
        return BackupState(record, backup_job.next_backup() if record.repository else "", undoable)

    def saved_sets(self) -> list[SavedSet]:
        """Return the backups at the target, the newest first."""
        from piwizard.setup import backup_job

        return backup_job.list_backups(self._planner())

    def back_up(self) -> LastBackup:
        """Make a backup now, in its service, and wait for its end."""
        from piwizard.setup import backup_job

        return backup_job.request_backup(self._planner())

    def test_backups(self) -> LastProof:
        """Restore the newest backup for a test."""
        from piwizard.setup import backup_proof

        return backup_proof.prove_backups(self._planner())

    def recovery_sheet(self) -> RecoverySheet:
        """Return what a new Pi needs to restore everything. It contains secrets."""
        from piwizard.setup import backup_job

        return backup_job.sheet()

    def sheet_saved(self) -> None:
        """Record that a person keeps the recovery sheet."""
        from piwizard.setup import backup_job

        backup_job.sheet_saved()
