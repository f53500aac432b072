"""Restore the old settings unless a new address is confirmed in time.

The rollback does not depend on piwizard: it consists of a systemd timer, a unit that runs at boot before the network,
and a shell script. All of them are on disk before any setting changes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.network import address_trial
from piwizard.network.address_trial import AddressTrial
from piwizard.system import commands, file_lock, files
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

RunsCommand = Callable[[Sequence[str]], Result]

RETRY_HINT = "`piwizard apply static-ip` tries again."
UNIT = "piwizard-network-take-back"
BOOT_UNIT = Path("/etc/systemd/system/piwizard-network-boot.service")
BOOT_UNIT_LINK = Path("/etc/systemd/system/multi-user.target.wants") / BOOT_UNIT.name
NOTICE_FILE = Path("/run/motd.d/piwizard-trial")
"""PAM shows it at every SSH login, whatever the shell. A restart ends the trial, so it removes this file, too."""
CLEANUP_SECONDS = 5.0
"""The longest time that `piwizard confirm` needs to clean up."""
RESTART_UNTIL_DONE = ("--property=Type=oneshot", "--property=Restart=on-failure", "--property=RestartSec=1")
"""systemd restarts the script if it is killed, for example when memory is short: the network is down meanwhile."""


@dataclass(frozen=True)
class SavedFile:
    """A file to restore. `copy` is the saved content; None if the file did not exist."""

    path: Path
    copy: Path | None
    lasting: bool
    """Whether the file survives a restart. At boot only such files are restored."""


@dataclass(frozen=True)
class NetworkService:
    """The service that applies the settings, and the connection's UUID, if any."""

    service: str
    connection: str | None


def arm_rollback(trial: AddressTrial, manager: NetworkService, settings: Iterable[Path], command: RunsCommand) -> None:
    """Save copies, set up what restores them, and start the trial.

    No setting changes yet.
    """
    files.make_folders(address_trial.trial_folder(), 0o700)
    _stop_timer(command)
    with file_lock.exclusive(address_trial.trial_folder()):  # the script of an earlier trial may still be running
        address_trial.forget_outcomes()
        files.remove(address_trial.trial_folder() / "copies")
        files.make_folders(address_trial.trial_folder() / "copies", 0o700)
        saved = [
            _save(path, address_trial.trial_folder() / "copies" / str(number)) for number, path in enumerate(settings)
        ]
        script = render("network/take-back.sh.j2", **_values(trial, manager, saved))
        files.replace(_script(), script.encode(), mode=0o700)
        files.replace(BOOT_UNIT, render("network/boot.service.j2", script=_script()).encode())
        files.make_folders(BOOT_UNIT_LINK.parent)
        files.make_link(BOOT_UNIT_LINK, str(BOOT_UNIT))
        properties = ("--timer-property=AccuracySec=100ms", *RESTART_UNTIL_DONE)
        describe = f"--description=Rolls back {trial.host} unless it is confirmed"
        start = ("systemd-run", "--quiet", "--collect", f"--unit={UNIT}", f"--on-active={trial.seconds}", describe)
        command((*start, *properties, "/bin/sh", str(_script())))
        files.replace(address_trial.trial_folder() / "trial.json", json.dumps(asdict(trial)).encode(), mode=0o600)
        files.make_folders(NOTICE_FILE.parent)
        files.replace(NOTICE_FILE, render("network/notice.j2", trial=trial).encode())


def confirm_trial() -> AddressTrial:
    """Keep the address.

    Raise PiwizardError if there is no trial, it is too late, or the address is not set yet.
    """
    trial = address_trial.current_trial()
    if (
        trial is None
        and (kept := address_trial.read_trial("kept"))
        and kept.host in address_trial.live_addresses(kept.interface)
    ):
        clean_up(commands.run)  # an earlier confirmation was interrupted
        return kept
    if trial is None and address_trial.is_pending():
        raise PiwizardError("It is too late: the old address is being restored.", hint=RETRY_HINT)
    if trial is None:
        raise PiwizardError("No address is on trial.", hint="`piwizard status` shows the state of all steps.")
    if trial.host not in address_trial.live_addresses(trial.interface):
        raise PiwizardError(
            f"{trial.interface} does not have {trial.host}, so there is nothing to keep.",
            hint=f"The old settings return in {trial.left} s; then run `piwizard apply static-ip`.",
        )
    if not address_trial.is_ready(trial):
        raise PiwizardError(
            f"{trial.host} is still being set and checked.",
            hint=f"Confirm in a few seconds. Otherwise the old settings return in {trial.left} s.",
        )
    os.sync()  # for the network manager's own files
    try:
        (address_trial.trial_folder() / "trial.json").rename(address_trial.trial_folder() / "kept.json")
    except FileNotFoundError:
        raise PiwizardError(
            f"It is too late: {trial.host} was not confirmed within {trial.seconds} s.",
            hint=f"The old address is being restored; {RETRY_HINT}",
        ) from None
    files.sync_folder(address_trial.trial_folder())
    clean_up(commands.run)
    return trial


def clean_up(command: RunsCommand) -> None:
    """Remove the rollback after a confirmation."""
    _stop_timer(command)
    if _script().exists():  # it finds no trial, and removes itself
        command(("/bin/sh", str(_script())))


def wait_for_cleanup(command: RunsCommand) -> None:
    """Wait until the confirming process has cleaned up.

    If that process was interrupted, clean up here.
    """
    until = time.monotonic() + CLEANUP_SECONDS
    while _script().exists():
        if time.monotonic() > until:
            return clean_up(command)
        time.sleep(0.1)


def roll_back(command: RunsCommand) -> None:
    """Roll back now. systemd runs the script, so that it outlives this process."""
    describe = "--description=Rolls back an address that was not confirmed"
    command(("systemd-run", "--quiet", "--collect", "--wait", describe, *RESTART_UNTIL_DONE, "/bin/sh", str(_script())))
    _stop_timer(command)


def _script() -> Path:
    return address_trial.trial_folder() / "take-back"


def _values(trial: AddressTrial, manager: NetworkService, saved: Sequence[SavedFile]) -> dict[str, object]:
    folder, ready = address_trial.trial_folder(), address_trial.ready_file()
    return {
        "folder": folder,
        "lock": file_lock.lock_path(folder),
        "interface": trial.interface,
        "service": manager.service,
        "connection": manager.connection or "",
        "saved": saved,
        "leftovers": (NOTICE_FILE, BOOT_UNIT, BOOT_UNIT_LINK, folder / "copies", ready, _script()),
    }


def _save(path: Path, copy: Path) -> SavedFile:
    lasting = not path.is_relative_to("/run")
    content = files.read(path)
    if content is None:
        return SavedFile(path, None, lasting)
    mode, uid, gid = files.mode_and_owner(path)
    files.replace(copy, content, mode=mode, ids=(uid, gid), mtime_ns=path.stat().st_mtime_ns)
    return SavedFile(path, copy, lasting)


def _stop_timer(command: RunsCommand) -> None:
    """Stop the timer if it exists."""
    known = commands.run(("systemctl", "show", "--property=LoadState", f"{UNIT}.timer")).output.strip()
    if known != "LoadState=not-found":
        command(("systemctl", "stop", f"{UNIT}.timer"))
