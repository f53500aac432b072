"""Restore a site's data from a backup, keep today's data aside, and undo that."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from piwizard.backups import contents, restored_data
from piwizard.backups.restic import Snapshot
from piwizard.backups.site_archive import mirror_site
from piwizard.changes.data_switch import NO_EXCHANGE
from piwizard.engine import run_launch
from piwizard.engine.run_lock import Lock
from piwizard.errors import PiwizardError
from piwizard.setup import backup_job
from piwizard.setup.planner import Planner
from piwizard.system import app_data, checks, commands, files, paths
from piwizard.system.checks import get_page
from piwizard.system.files import Owner
from piwizard.system.held_service import HeldService
from piwizard.system.lazy_dataclass import dataclass

RECORD = "restore.json"
FIRST_PAGE_SECONDS = 120.0


@dataclass(frozen=True)
class SiteRestore:
    """A restore of one site.

    `kept` is the folder beside the data with the data from before.
    `restored` is the inode of the restored folder, by which a restore that was killed is recognized. 0: the content
    was copied, because the folders could not be exchanged.
    """

    site: str
    at: str
    kept: str
    restored: int

    @property
    def kept_path(self) -> Path:
        """Return the path of the data from before."""
        return app_data.data_folder(self.site).with_name(self.kept)


def choose_snapshot(snapshots: Sequence[Snapshot], site: str, at: datetime | None) -> Snapshot:
    """Return the newest snapshot of a site, or the newest one that is not after `at`."""
    own = [one for one in snapshots if one.name == contents.archive_name(site)]
    fitting = [one for one in own if at is None or one.at.timestamp() < at.timestamp() + 1]
    if fitting:
        return fitting[-1]
    if own and at is not None:
        raise PiwizardError(
            f"There is no backup of {site} from {at:%Y-%m-%d %H:%M:%S} or before.",
            hint=f"The oldest one is from {own[0].at.astimezone():%Y-%m-%d %H:%M:%S}: see `piwizard backup list`.",
        )
    raise PiwizardError(f"There is no backup of {site}.", hint="`piwizard backup list` shows what there is.")


def restore_site(planner: Planner, site: str, snapshot: Snapshot) -> SiteRestore:
    """Replace a site's data by that of a snapshot, and check the first page.

    Nothing changes before everything is unpacked and checked. If the app does not answer with the restored data, the
    data from before returns.
    """
    data = app_data.data_folder(site)
    if inside := app_data.find_mounts(data):
        raise PiwizardError(
            f"Something is mounted at {inside[0]}, inside the app's data, so the data cannot be replaced.",
            hint=f"Nothing was changed. Run `sudo umount {inside[0]}` first.",
        )
    with _locked(f"restore of {site}"):
        new = restored_data.unpack_aside(backup_job.open_backups(planner), snapshot, site, data)
        stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        kept = data.with_name(f"data.before-{stamp}")
        with _stopped(planner, site):
            restored = _exchange(site, data, new, kept, snapshot)
        if problem := _page_problem(planner, site):
            with _stopped(planner, site):
                _put_back(restored)
            _record_file(site).unlink(missing_ok=True)
            raise PiwizardError(
                f"{problem} The data from before is back.",
                hint=f"The restored data is in {restored.kept_path}. The version of the app may not fit it.",
            )
    return restored


def undo_restore(planner: Planner, site: str) -> SiteRestore:
    """Exchange the data of the last restore with that from before; both are kept."""
    found = read_restore(site)
    if found is None:
        raise PiwizardError(f"No restore of {site} can be undone.", hint="`piwizard backup list` shows all backups.")
    with _locked(f"undo of the restore of {site}"):
        with _stopped(planner, site):
            _put_back(found)
        _record_file(site).unlink(missing_ok=True)
    return found


def read_restore(site: str) -> SiteRestore | None:
    """Return the last restore of a site that can be undone."""
    try:
        found = json.loads(files.read(_record_file(site)) or b"null")
        restore = SiteRestore(site, str(found["at"]), str(found["kept"]), int(found["restored"]))
    except (ValueError, TypeError, KeyError):
        return None
    data = app_data.data_folder(site)
    complete = restore.restored in (0, data.stat().st_ino if data.is_dir() else -1)
    return restore if complete and restore.kept_path.is_dir() else None


def _record_file(site: str) -> Path:
    return paths.state_dir() / "restores" / f"{site}-{RECORD}"


def _record(restored: SiteRestore) -> None:
    file = _record_file(restored.site)
    files.make_folders(file.parent, 0o700)
    files.replace(file, json.dumps({"version": 1, **asdict(restored)}).encode(), mode=0o600)


def _exchange(site: str, data: Path, new: Path, kept: Path, snapshot: Snapshot) -> SiteRestore:
    """Put the new folder in place of the data, which becomes `kept`. A kill leaves one of both, whole."""
    restored = SiteRestore(site, snapshot.at.isoformat(), kept.name, new.stat().st_ino)
    new.rename(kept)
    _record(restored)
    try:
        files.exchange(data, kept)
    except OSError as error:
        if error.errno not in NO_EXCHANGE:
            raise
        return _copy_over(site, data, kept, snapshot)
    return restored


def _copy_over(site: str, data: Path, unpacked: Path, snapshot: Snapshot) -> SiteRestore:
    """Copy the content where folders cannot be exchanged: first that of the data to its new place."""
    kept = unpacked.with_name(f"{unpacked.name}-copy")
    files.make_owned_folder(kept, 0o750, Owner(site, site).ids())
    mirror_site(site, data, kept)
    restored = SiteRestore(site, snapshot.at.isoformat(), kept.name, 0)
    _record(restored)
    mirror_site(site, unpacked, data)
    files.remove_atomically(unpacked)
    return restored


def _put_back(restored: SiteRestore) -> None:
    data, kept = app_data.data_folder(restored.site), restored.kept_path
    if restored.restored:
        files.exchange(data, kept)
        return
    aside = kept.with_name(f"{kept.name}-restored")
    files.remove_atomically(aside)
    files.make_owned_folder(aside, 0o750, Owner(restored.site, restored.site).ids())
    mirror_site(restored.site, data, aside)
    mirror_site(restored.site, kept, data)
    files.remove_atomically(kept)
    aside.rename(kept)


@contextmanager
def _locked(what: str) -> Iterator[None]:
    lock = Lock(paths.lock_file())
    with run_launch.nothing_else_starts():
        lock.take(what)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _stopped(planner: Planner, site: str) -> Iterator[None]:
    """Keep the services of a site stopped. Visitors wait at its socket, and those that ran start again."""
    held = {name: HeldService(name) for name in _services(planner, site)}
    active = [name for name in held if commands.run(("systemctl", "is-active", "--quiet", name)).ok]
    for one in held.values():
        one.hold()
    try:
        for words in (("daemon-reload",), ("stop", *held), ("start", "--no-block", *active)):
            if len(words) > 1 + (words[0] == "start") or words[0] == "daemon-reload":
                commands.run(("systemctl", *words))
        yield
    finally:
        for one in held.values():
            one.release()
        commands.run(("systemctl", "daemon-reload"))


def _services(planner: Planner, site: str) -> list[str]:
    units = planner.context.local_units
    return [name for name, owner in units.items() if owner == site and name.endswith(".service")]


def _page_problem(planner: Planner, site: str) -> str:
    """Return why the first page does not work; "" if it does, or if the app was not running before."""
    host = next(iter(planner.answers.of(site).get("site.domains", ())), "localhost")
    socket = f"/run/piwizard-{site}.sock"
    if not os.path.exists(socket):
        return ""
    answer = checks.poll_until(
        lambda: get_page("/", host=host, unix=socket), lambda page: page is not None, FIRST_PAGE_SECONDS
    )
    if answer is None:
        return "The app does not answer with the restored data."
    return f"The first page returns status {answer.status} with the restored data." if answer.status >= 500 else ""
