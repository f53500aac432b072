"""Give screens the restore of a whole Pi from the backup of another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.setup.service import SetupService
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from piwizard.backups.restic import ResticRepository, Snapshot
    from piwizard.setup.pi_restore import RestoredPi


@dataclass(frozen=True)
class SheetEntries:
    """The lines that a person has copied from a recovery sheet."""

    target: str
    user: str = ""
    secret: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True)
class SavedPis:
    """The backups at a target that was opened: the newest of each Pi, by its name."""

    repository: ResticRepository
    passphrase: str = field(repr=False)
    hosts: Mapping[str, Snapshot]


class PiRestoreService(SetupService):
    """The setup service with what belongs to the restore of a whole Pi."""

    def continues_pi_restore(self) -> bool:
        """Return whether an interrupted restore only needs to be continued.

        Raise PiwizardError if this Pi has sites already.
        """
        from piwizard.setup import pi_restore

        if pi_restore.continues_restore():
            return True
        pi_restore.require_fresh()
        return False

    def replaced_settings(self) -> tuple[tuple[Path, ...], Path]:
        """Return the files that a restore replaces, and the folder for their copies."""
        from piwizard.setup import pi_restore

        return pi_restore.settings_here(), pi_restore.replaced_folder()

    def open_saved_pis(self, entries: SheetEntries) -> SavedPis:
        """Open the target on a recovery sheet. Slow: may install restic."""
        from piwizard.answers.validators import Invalid
        from piwizard.backups.target import backup_target, target_of
        from piwizard.setup import pi_restore
        from piwizard.system import console

        console.hide_secrets([one for one in (entries.passphrase, entries.secret) if one])
        try:
            target = target_of(backup_target(entries.target))
        except Invalid as error:
            raise PiwizardError(f"The target {error}.", hint="Copy it from the recovery sheet.") from error
        if not entries.passphrase or (target.asks_access and not (entries.user and entries.secret)):
            needed = "user, the secret and the passphrase" if target.asks_access else "passphrase"
            raise PiwizardError(f"The {needed} is missing.", hint="Copy it from the recovery sheet.")
        if entries.user or entries.secret:
            target = target_of(target.location, entries.user, entries.secret)
        repository = pi_restore.open_target(target, entries.passphrase)
        return SavedPis(repository, entries.passphrase, pi_restore.saved_hosts(repository))

    def restore_pi(self, saved: SavedPis, host: str) -> RestoredPi:
        """Bring back the answers, secrets and certificates of a Pi; a run does the rest."""
        from piwizard.setup import pi_restore

        network = self._planner().context.facts.network
        return pi_restore.restore_pi(saved.repository, saved.passphrase, saved.hosts[host], network)
