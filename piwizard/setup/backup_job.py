"""Open this machine's backups, for commands and screens."""

from __future__ import annotations

import pwd
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from piwizard.apps.app_units import socket_path
from piwizard.apps.page_facts import PageFacts, read_steady_page
from piwizard.backups import backup_record, backup_run, contents, recovery_sheet
from piwizard.backups.backup_record import BackupRecord, LastBackup
from piwizard.backups.opened_repository import make_ssh_key
from piwizard.backups.recovery_sheet import RecoverySheet
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.target import Target, target_from
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.system import app_data, commands, systemd
from piwizard.system.lazy_dataclass import dataclass

SERVICE = "piwizard-backup.service"
TIMER = "piwizard-backup.timer"
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class SavedSet:
    """The snapshots of one backup: that of the machine, and those of the sites."""

    at: str
    host: str
    snapshots: tuple[Snapshot, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """Return the names of its sites."""
        return tuple(filter(None, (contents.site_named(one.name) for one in self.snapshots)))

    @property
    def local_time(self) -> str:
        """Return its time on this Pi's clock, as `restore --at` takes it."""
        return f"{datetime.fromisoformat(self.at).astimezone():%Y-%m-%d %H:%M:%S}"

    def as_json(self) -> dict[str, Any]:
        """Return the form used with --json."""
        return {"at": self.at, "host": self.host, "sites": list(self.sites)}


def configured_target(planner: Planner) -> Target:
    """Return the target of the answers, with its access. PiwizardError without one."""
    answers = planner.answers_of(None)
    if not answers.get("backup.target"):
        raise PiwizardError(
            "Backups are not set up on this Pi.",
            key="backup.target",
            hint="Run `piwizard` and answer the step Backups, or set backup.target and run `piwizard apply backup`.",
        )
    return target_from(answers.values, answers.secrets)


def open_backups(planner: Planner) -> ResticRepository:
    """Return the repository of this machine. PiwizardError if the step has not run."""
    target = configured_target(planner)
    passphrase = recovery_sheet.kept_secret(recovery_sheet.KEY)
    if not passphrase or not backup_record.read_record().repository:
        raise PiwizardError("The backups were not opened yet.", hint="Run `piwizard apply backup`.")
    limit = int(planner.answers.machine.get("backup.limit", 0))
    return ResticRepository(target, passphrase, limit=limit, ssh_key=ssh_key_for(target))


def ssh_key_for(target: Target) -> Path | None:
    """Return the SSH key for a target; None if it needs none."""
    return make_ssh_key() if target.kind == "sftp" else None


def saved_sites(planner: Planner) -> tuple[str, ...]:
    """Return the sites that have data and a user of their own on this machine."""
    names = dict.fromkeys((*planner.answers.sites, *workspace.set_up()))
    return tuple(name for name in names if app_data.data_folder(name).is_dir() and _has_user(name))


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def run_backup() -> BackupRecord:
    """Make a backup now, in this process. BackupError says why it failed."""
    planner = workspace.planner(None)
    repository = open_backups(planner)
    host = backup_record.host_name(planner.context.facts.hostname)

    def page(site: str) -> PageFacts | None:
        domains = planner.answers.of(site).get("site.domains", ()) if site in planner.answers.sites else ()
        return read_steady_page(Path(socket_path(site)), str(next(iter(domains), "localhost")))

    return backup_run.make_backup(repository, host, saved_sites(planner), page=page)


def request_backup(planner: Planner) -> LastBackup:
    """Let the service make a backup now, and wait for its end.

    It continues without this process. PiwizardError if it does not run.
    """
    open_backups(planner)
    before = backup_record.read_record().last
    ending = systemd.read_states([SERVICE])[SERVICE].running
    commands.run(("systemctl", "start", "--no-block", SERVICE))
    while (last := backup_record.read_record().last) == before or last is None:
        state = systemd.read_states([SERVICE])[SERVICE]
        if not (state.running or state.queued) and backup_record.read_record().last == before:
            if not ending:
                raise not_started()
            ending = False  # the one before had recorded its result, and was removing old backups
            commands.run(("systemctl", "start", "--no-block", SERVICE))
        time.sleep(POLL_SECONDS)
    return last


def next_backup() -> str:
    """Return when the timer makes the next backup; "" if it does not run."""
    return systemd.next_run(TIMER)


def not_started() -> PiwizardError:
    """Return the error if the service has ended without a result."""
    return PiwizardError("The backup did not run.", hint=f"`journalctl -u {SERVICE}` shows why.")


def list_backups(planner: Planner, *, every_host: bool = False) -> list[SavedSet]:
    """Return the backups of this Pi or of every Pi, the newest first."""
    repository = open_backups(planner)
    return group_snapshots(repository.snapshots(None if every_host else backup_record.read_record().host or None))


def site_snapshots(planner: Planner) -> list[Snapshot]:
    """Return the snapshots of this Pi, the oldest first."""
    return open_backups(planner).snapshots(backup_record.read_record().host or None)


def group_snapshots(snapshots: Sequence[Snapshot]) -> list[SavedSet]:
    """Return the snapshots that were saved together, the newest first."""
    found: dict[tuple[str, str], list[Snapshot]] = {}
    for one in snapshots:
        found.setdefault((one.at.isoformat(), one.host), []).append(one)
    return [SavedSet(at, host, tuple(group)) for (at, host), group in sorted(found.items(), reverse=True)]


def sheet() -> RecoverySheet:
    """Return the recovery sheet of this machine.

    PiwizardError before the step has run.
    """
    planner = workspace.planner(None)
    repository = open_backups(planner)
    passphrase = recovery_sheet.kept_secret(recovery_sheet.KEY)
    return RecoverySheet(repository.target, passphrase, backup_record.read_record().host)


def sheet_saved() -> None:
    """Record that a person keeps the sheet."""
    backup_record.update_record(sheet_saved=True)
