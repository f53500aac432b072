"""Open or create the backups at a target, with this machine's passphrase."""

from __future__ import annotations

import shlex
from dataclasses import field
from pathlib import Path
from typing import ClassVar

from piwizard.backups import backup_record, recovery_sheet
from piwizard.backups.backup_error import BackupError
from piwizard.backups.backup_record import BackupRecord
from piwizard.backups.restic import ResticRepository
from piwizard.backups.target import Target
from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview
from piwizard.git import deploy_key
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

SSH_KEY = "_backup"
"""The name of the SSH key for SFTP targets: no site can have it."""


FRESH: dict[str, object] = {"succeeded_at": "", "pruned_at": "", "newest": {}, "last": None, "proof": None}
"""What is recorded of another repository says nothing about a new one."""


@dataclass(frozen=True)
class OpenedRepository:
    """A backup repository that this machine has opened with its passphrase.

    Undo leaves the repository, the record and the passphrase: they are all that is left of a broken Pi.
    """

    kind: ClassVar[str] = "repository"
    target: Target = field(repr=False)
    hostname: str

    def describe(self) -> str:
        return f"Open or create the backups at {self.target.location}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        record = backup_record.read_record()
        opened = record.repository and record.target == self.target.location and not _gone(record)
        if opened and recovery_sheet.kept_secret(recovery_sheet.KEY):
            return IN_SYNC
        same_disk = (
            f"{self.target.location} is on the disk of the system: a backup there is lost with that disk. If it is to "
            "be on a drive, mount the drive first.",
        )
        return Preview(
            in_sync=False,
            argv=(("restic", "init", f"--repo={self.target.location}"),),
            warnings=same_disk if self.target.on_system_disk else (),
        )

    def apply(self, work: ApplyContext) -> None:
        self._require_drive()
        fresh = not recovery_sheet.kept_secret(recovery_sheet.KEY)
        passphrase = recovery_sheet.keep_passphrase()
        key = make_ssh_key() if self.target.kind == "sftp" else None
        repository = ResticRepository(self.target, passphrase, ssh_key=key)
        try:
            identity, found = self._open(repository)
        except BackupError as error:
            raise ChangeFailed(error.message, key="backup.target", hint=self._hint(error)) from error
        host = backup_record.host_name(self.hostname)
        known = backup_record.read_record()
        saved = known.sheet_saved and not fresh and known.target == self.target.location
        backup_record.update_record(
            repository=identity,
            target=self.target.location,
            sheet_saved=saved,
            **(FRESH if identity != known.repository else {"last": None} if _gone(known) else {}),
        )
        work.say(
            f"{'Opened the backups' if found else 'Created a backup repository'} at {self.target.location}. This Pi is "
            f"called {host} there."
        )

    def _require_drive(self) -> None:
        """Raise ChangeFailed rather than create a folder on the system's disk: its drive may not be mounted."""
        folder = self.target.folder
        if folder is not None and self.target.on_system_disk and not folder.exists():
            raise ChangeFailed(
                f"There is no {folder}, and no drive is mounted there.",
                key="backup.target",
                hint=f"Mount the drive. To use this disk all the same, run `mkdir -p {shlex.quote(str(folder))}`.",
            )

    def _open(self, repository: ResticRepository) -> tuple[str, bool]:
        """Return the ID of the repository, and whether it existed."""
        folder = self.target.folder
        if folder is not None and not folder.exists() and folder.parent.is_dir():
            return repository.initialize(), False
        if self.target.kind == "s3":  # restic waits for minutes for the configuration in a bucket that is missing
            try:
                return repository.initialize(), False
            except BackupError as error:
                if error.reason != "other":  # else it exists already
                    raise
        try:
            return repository.identity(), True
        except BackupError as error:
            if error.reason != "missing":
                raise
        return repository.initialize(), False

    def _hint(self, error: BackupError) -> str | None:
        if error.reason == "passphrase":
            return (
                "They were made with another passphrase. Set backup.passphrase to that of its recovery sheet, or "
                "choose another folder in backup.target."
            )
        return access_hint(self.target, error, "apply again")


def _gone(record: BackupRecord) -> bool:
    """Return whether the last backup did not find the repository, as when its disk was replaced by an empty one."""
    return record.last is not None and record.last.reason == "missing"


def access_hint(target: Target, error: BackupError, then: str) -> str | None:
    """Return what to do next.

    An SFTP server that does not let this Pi in has to get its key. `then` continues the sentence, such as "try again".
    """
    if target.kind == "sftp" and error.reason in ("refused", "away"):
        line = deploy_key.make_key(SSH_KEY)
        return f"Add this line to ~/.ssh/authorized_keys at {target.host}, then {then}: {line}"
    return error.hint


def make_ssh_key() -> Path:
    """Return the private key for SFTP targets. Create it if it is missing."""
    deploy_key.make_key(SSH_KEY)
    return deploy_key.private_key(SSH_KEY)
