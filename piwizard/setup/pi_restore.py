"""Bring a broken Pi back on a fresh one.

The machine's archive is unpacked where only root can enter. The data follows in the run that `apply` starts, as the
user of each site.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface
from pathlib import Path

from piwizard.answers.secret_store import SecretStore
from piwizard.backups import archive_unpacker, backup_record, contents, recovery_sheet, restored_data
from piwizard.backups.backup_error import BackupError, backup_error
from piwizard.backups.opened_repository import access_hint
from piwizard.backups.restic import ResticRepository, Snapshot
from piwizard.backups.restored_data import PendingRestore
from piwizard.backups.target import Target
from piwizard.deploys.deploy_record import record_folder
from piwizard.errors import PiwizardError
from piwizard.setup import backup_job, workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.system import app_data, commands, dpkg, files, paths, safe_open, tree_copy
from piwizard.system.facts import Network
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.tree_copy import Modes

SECRETS = "secrets.json"
AS_THEY_WERE = Modes((0, 0), 0o777)
PREVIOUS = "previous-pi"
"""The folder for state and journals of the broken Pi: nothing of them applies to this one."""
REPLACED = "before-restore"
"""The folder for the settings that this Pi had before a restore."""
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600")


@dataclass(frozen=True)
class RestoredPi:
    """The settings that were brought back; `remarks` say what was adapted."""

    host: str
    at: str
    sites: tuple[str, ...]
    remarks: tuple[str, ...]


def continues_restore() -> bool:
    """Return whether an interrupted restore has brought back the answers.

    Then apply does the rest. Without answers, the restore begins again.
    """
    return restored_data.read_pending() is not None and bool(_sites_here())


def require_fresh() -> None:
    """Raise PiwizardError if this Pi has sites already."""
    if sites := _sites_here():
        raise PiwizardError(
            f"This Pi already has the site {sites[0]}, so the backup of another Pi is not restored over it.",
            hint=f"To continue an interrupted restore, run `piwizard apply`. To restore the data of one site, run "
            f"`piwizard restore --site {sites[0]}`.",
        )


def _sites_here() -> tuple[str, ...]:
    return tuple(workspace.set_up()) or (tuple(AnswerStore().sites()) if paths.answers_file().exists() else ())


def settings_here() -> tuple[Path, ...]:
    """Return the files of this Pi that a restore replaces: answers and secrets."""
    return tuple(one for one in (paths.answers_file(), paths.state_dir() / SECRETS) if one.exists())


def replaced_folder() -> Path:
    """Return the folder for copies of the files that a restore replaces."""
    return paths.state_dir() / REPLACED


def open_target(target: Target, passphrase: str) -> ResticRepository:
    """Return the repository at a target, after installing what reads it.

    BackupError if it cannot be opened."""
    packages = ("restic", *(("rclone",) if target.kind == "rclone" else ()))
    missing = [name for name in packages if name not in dpkg.installed_versions()]
    if missing:
        commands.run(("apt-get", "update"))
        result = commands.run((*INSTALL, *missing), on_line=lambda stream, line: None)
        if not result.ok:
            raise PiwizardError(
                f"{' and '.join(missing)} could not be installed: {result.last_lines}",
                hint="Check the Internet connection of this Pi, then try again.",
            )
    phrase = recovery_sheet.normalize_passphrase(passphrase)
    repository = ResticRepository(target, phrase, ssh_key=backup_job.ssh_key_for(target))
    try:
        repository.identity()
    except BackupError as error:
        hint = access_hint(target, error, "try again")
        if target.kind == "rest" and error.reason == "refused":
            hint = "Add --user with the user on the recovery sheet; piwizard then asks for the secret."
        raise BackupError(error.reason, error.message, hint=hint) from error
    return repository


def saved_hosts(repository: ResticRepository) -> dict[str, Snapshot]:
    """Return the newest machine snapshot of each Pi with backups at a target."""
    found = {one.host: one for one in repository.snapshots(name=contents.MACHINE)}
    if not found:
        raise backup_error("missing", repository.target.location)
    return found


def restore_pi(repository: ResticRepository, passphrase: str, machine: Snapshot, network: Network) -> RestoredPi:
    """Bring back answers, secrets and certificates; record which data follows.

    `piwizard apply` does the rest. Until the answers are written, last of all, this can be repeated.
    """
    snapshots = repository.snapshots(machine.host)
    with _unpacked(repository, machine) as folder:
        sites = _sites_of(folder)
        newest = {contents.site_named(one.name): one for one in snapshots if one.at <= machine.at}
        _keep_settings()
        _restore_secrets(folder, recovery_sheet.normalize_passphrase(passphrase), repository.target)
        _restore_folders(folder, sites)
        old = backup_record.decode_record(_json(folder / "state" / "backup.json"))
        backup_record.update_record(
            host=machine.host,
            repository=repository.identity(),
            target=repository.target.location,
            sheet_saved=old.sheet_saved,
            succeeded_at=machine.at.isoformat(),
        )
        pending = {site: newest[site] for site in sites if site in newest}
        target = repository.target
        restored_data.write_pending(PendingRestore(target.location, target.user, pending))
        content = files.read(folder / "answers" / paths.answers_file().name) or b""
    files.make_folders(paths.answers_file().parent, 0o700)
    files.replace(paths.answers_file(), content, mode=0o600)
    return RestoredPi(machine.host, machine.at.isoformat(), sites, tuple(_adapt(network)))


@contextmanager
def _unpacked(repository: ResticRepository, machine: Snapshot) -> Iterator[Path]:
    folder = paths.state_dir() / contents.RESTORING
    files.make_folders(paths.state_dir(), 0o700)
    files.remove_atomically(folder)
    files.make_owned_folder(folder, 0o700, (0, 0))
    reports = []

    def read(pipe: int) -> None:
        with os.fdopen(os.dup(pipe), "rb") as source:
            reports.append(archive_unpacker.unpack(folder, source, prefix=""))

    try:
        repository.load(machine, read)
        if reports[0].refused or not (folder / "answers").is_dir():
            raise BackupError(
                "damaged",
                "The backup of the settings is incomplete.",
                hint="Run `piwizard backup verify` on another Pi with this target.",
            )
        yield folder
    finally:
        files.remove_atomically(folder)


def _sites_of(folder: Path) -> tuple[str, ...]:
    store = AnswerStore(folder / "answers" / paths.answers_file().name)
    return tuple(store.sites())


def _json(path: Path) -> dict[str, object]:
    import json

    try:
        found = json.loads(files.read(path) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _keep_settings() -> None:
    """Copy what a restore replaces. Each attempt has a folder of its own: a repeated one keeps the first copies."""
    folder = replaced_folder() / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for one in settings_here():
        files.make_folders(folder, 0o700)
        files.replace(folder / one.name, one.read_bytes(), mode=0o600)


def _restore_secrets(folder: Path, passphrase: str, target: Target) -> None:
    content = files.read(folder / "state" / SECRETS)
    if content is not None:
        files.replace(paths.state_dir() / SECRETS, content, mode=0o600)
    store = SecretStore(paths.state_dir())
    store.keep(None, recovery_sheet.KEY, passphrase)
    if target.secret:
        store.keep(None, recovery_sheet.ACCESS_KEY, target.secret)
    store.save()


def _restore_folders(folder: Path, sites: Sequence[str]) -> None:
    """Copy what belongs to the sites and not to the board. What exists here already stays as it is."""
    state = paths.state_dir()
    _copy(folder / "letsencrypt", contents.CERTIFICATES, 0o755)
    _copy(folder / "state" / "certificates", state / "certificates", 0o755)
    _copy(folder / "piwizard" / "egress", contents.OWN_SETTINGS / "egress", 0o755)
    _copy(folder / "nginx", contents.NGINX_SETTINGS, 0o755)
    for site in sites:
        _copy(folder / "setup" / site, paths.sites_dir() / site / app_data.SETUP_RECORD, 0o755)
        _copy(folder / "state" / "keys" / site, state / "keys" / site, 0o700)
        # Code that was pushed to the broken Pi may be nowhere else here, and fits the data.
        _copy(folder / "state" / "deploys" / site, record_folder(site), 0o700)
    for name in ("backups", "state.json"):
        _copy(folder / "state" / name, state / PREVIOUS / name, 0o700)
    attempts = files.read(folder / "state" / "attempts.json")
    if attempts is not None:
        files.replace(state / "attempts.json", attempts, mode=0o600)


def _copy(source: Path, target: Path, mode: int) -> None:
    if source.is_file():
        files.make_folders(target.parent, 0o700)
        files.replace(target, source.read_bytes(), mode=0o600)
    elif source.is_dir() and not (target.is_dir() and any(target.iterdir())):
        # Beside it first: after a power cut, an incomplete folder would stay as one that exists already.
        aside = target.with_name(f".{target.name}.{contents.RESTORING}")
        files.make_folders(target.parent)
        files.remove_atomically(aside)
        files.make_owned_folder(aside, mode, (0, 0))
        with safe_open.open_folder(source) as old, safe_open.open_folder(aside) as new:
            tree_copy.copy_tree(old, new, AS_THEY_WERE)
        files.replace_folder(aside, target)


def _adapt(network: Network) -> Iterator[str]:
    """Change the answers that belong to the broken board or to its network, and say so."""
    store = AnswerStore()
    interface = store.get(None, "static_ip.interface")
    if interface and interface not in [one.name for one in network.interfaces or ()]:
        store.set(None, "static_ip.interface", None)
        yield f"This Pi has no interface {interface}: the static address is for the one with the route to the Internet."
    address, here = store.get(None, "static_ip.address"), network.address
    if address and here is not None:
        prefix = ip_interface(str(address)).network.prefixlen
        if ip_interface(str(address)).network != ip_interface(f"{here.address}/{prefix}").network:
            for key in ("address", "interface", "gateway", "dns"):
                store.set(None, f"static_ip.{key}", None)
            yield f"This Pi is in another network than {address}, so it keeps its own address."
            return
    gateway = store.get(None, "static_ip.gateway")
    if gateway and network.gateway and ip_address(gateway) != ip_address(network.gateway.address):
        store.set(None, "static_ip.gateway", None)
        yield f"The router is {network.gateway.address} here, and no longer {gateway}."
