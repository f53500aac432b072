"""A new address on trial: unless somebody confirms it in time, the old settings come back.

What takes them back stands outside of piwizard: a timer of systemd, a unit that runs at boot before the network, and a
script of the system's own tools. All of it is on disk before anything is altered. The file `trial.json` decides:
whoever renames it first, `confirm` or the script, has won.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from piwizard.errors import PiwizardError
from piwizard.system import commands, file_lock, files, paths
from piwizard.system.commands import Result
from piwizard.templates.render import render

Command = Callable[[Sequence[str]], Result]
Outcome = Literal["on", "taking-back", "kept", "taken-back", "unknown"]

AGAIN = "`piwizard apply static-ip` tries again."
UNIT = "piwizard-network-take-back"
BOOT_UNIT = Path("/etc/systemd/system/piwizard-network-boot.service")
WANTED = Path("/etc/systemd/system/multi-user.target.wants") / BOOT_UNIT.name
NOTICE = Path("/run/motd.d/piwizard-trial")
"""Shown by PAM at every login by SSH, whatever the shell; gone with a restart, as the trial is."""
TIDYING = 5.0
"""Seconds that `confirm` needs for it at most."""
UNTIL_DONE = ("--property=Type=oneshot", "--property=Restart=on-failure", "--property=RestartSec=1")
"""Killed in the middle (memory may be short), the script is run again: the network is down meanwhile."""


@dataclass(frozen=True)
class Trial:
    """One trial; `until` is on the clock that no time server sets."""

    name: str
    interface: str
    address: str
    """With its prefix."""
    before: str | None
    """The address that comes back, without its prefix; None where there was none."""
    seconds: int
    until: float

    @property
    def host(self) -> str:
        """The new address without its prefix."""
        return self.address.partition("/")[0]

    @property
    def left(self) -> int:
        """Seconds until the old settings come back."""
        return max(0, min(self.seconds, round(self.until - time.monotonic())))

    @property
    def words(self) -> str:
        """A line for a person."""
        return f"{self.host} is on trial: {self.left} s left. `piwizard confirm` keeps it."

    def as_json(self) -> dict[str, str | int]:
        """The shape under --json."""
        return {"interface": self.interface, "address": self.address, "left": self.left}


@dataclass(frozen=True)
class Saved:
    """A file to put back: `copy` is where its content is kept, None where there was no such file."""

    path: Path
    copy: Path | None
    lasting: bool
    """Whether it outlives a restart: only such are put back at boot."""


@dataclass(frozen=True)
class Manager:
    """Who has to take the settings up: its service, and NetworkManager's UUID of the connection."""

    service: str
    connection: str | None


def folder() -> Path:
    """Where a trial lies; root's alone, since copies of connections hold the passwords of wireless networks."""
    return paths.state_dir() / "network"


def current() -> Trial | None:
    """The trial that waits to be confirmed."""
    return _read("trial")


def pending() -> bool:
    """Whether a trial is on, or its taking back was begun and not ended."""
    return any((folder() / f"{name}.json").exists() for name in ("trial", "taking-back"))


def outcome(trial: Trial) -> Outcome:
    """How a trial stands."""
    stages: tuple[tuple[str, Outcome], ...] = (
        ("trial", "on"),
        ("taking-back", "taking-back"),
        ("kept", "kept"),
        ("taken-back", "taken-back"),
    )
    for _ in range(2):  # a rename between two looks would hide it once
        for stem, meaning in stages:
            found = _read(stem)
            if found and found.name == trial.name:
                return meaning
    return "unknown"


def ready(trial: Trial) -> bool:
    """Whether the address is set and was looked at: before that nobody can say that it is well."""
    return files.read(_looked_at()) == trial.name.encode()


def let_confirm(trial: Trial) -> None:
    """The address is set, and the router answers there: now somebody may keep it."""
    files.replace(_looked_at(), trial.name.encode(), mode=0o600)


def arm(trial: Trial, manager: Manager, settings: Iterable[Path], command: Command) -> None:
    """Keeps copies and sets up everything that brings them back, then lets the trial begin. Alters no setting."""
    files.make_folders(folder(), 0o700)
    _stop_timer(command)
    with file_lock.exclusive(folder()):  # the script of an earlier trial may be at its last line
        forget()
        files.remove(folder() / "copies")
        files.make_folders(folder() / "copies", 0o700)
        saved = [_save(path, folder() / "copies" / str(number)) for number, path in enumerate(settings)]
        script = render("network/take-back.sh.j2", **_values(trial, manager, saved))
        files.replace(_script(), script.encode(), mode=0o700)
        files.replace(BOOT_UNIT, render("network/boot.service.j2", script=_script()).encode())
        files.make_folders(WANTED.parent)
        files.link(WANTED, str(BOOT_UNIT))
        properties = ("--timer-property=AccuracySec=100ms", *UNTIL_DONE)
        describe = f"--description=Takes back {trial.host} unless it is confirmed"
        start = ("systemd-run", "--quiet", "--collect", f"--unit={UNIT}", f"--on-active={trial.seconds}", describe)
        command((*start, *properties, "/bin/sh", str(_script())))
        files.replace(folder() / "trial.json", json.dumps(asdict(trial)).encode(), mode=0o600)
        files.make_folders(NOTICE.parent)
        files.replace(NOTICE, render("network/notice.j2", trial=trial).encode())


def confirm() -> Trial:
    """The address stays. PiwizardError where there is no trial, it is too late, or the address was not set yet."""
    trial = current()
    if trial is None and (kept := _read("kept")) and kept.host in live(kept.interface):
        tidy(commands.run)  # whoever confirmed it was cut off
        return kept
    if trial is None and pending():
        raise PiwizardError("It is too late: the old address is coming back.", hint=AGAIN)
    if trial is None:
        raise PiwizardError("No address is on trial.", hint="`piwizard status` shows how everything stands.")
    if trial.host not in live(trial.interface):
        raise PiwizardError(
            f"{trial.interface} does not have {trial.host}, so there is nothing to keep.",
            hint=f"The old settings come back by themselves in {trial.left} s; then `piwizard apply static-ip`.",
        )
    if not ready(trial):
        raise PiwizardError(
            f"{trial.host} is being set and looked at still.",
            hint=f"Confirm in a few seconds. If nobody does, the old settings come back in {trial.left} s.",
        )
    os.sync()  # the network manager's own files
    try:
        (folder() / "trial.json").rename(folder() / "kept.json")
    except FileNotFoundError:
        raise PiwizardError(
            f"It is too late: {trial.host} was not confirmed within {trial.seconds} s.",
            hint=f"The old address is coming back; {AGAIN}",
        ) from None
    files.sync_folder(folder())
    tidy(commands.run)
    return trial


def tidy(command: Command) -> None:
    """Takes away what stood by to take the address back, once that was confirmed."""
    _stop_timer(command)
    if _script().exists():  # it finds no trial, and ends with its own removal
        command(("/bin/sh", str(_script())))


def tidied(command: Command) -> None:
    """Waits until whoever confirmed has tidied up; it is done here where he was cut off."""
    until = time.monotonic() + TIDYING
    while _script().exists():
        if time.monotonic() > until:
            return tidy(command)
        time.sleep(0.1)


def take_back(command: Command) -> None:
    """Ends a trial now, as if its time were over. What does it belongs to systemd, and outlives who asked for it."""
    describe = "--description=Takes back an address that was not confirmed"
    command(("systemd-run", "--quiet", "--collect", "--wait", describe, *UNTIL_DONE, "/bin/sh", str(_script())))
    _stop_timer(command)


def forget() -> None:
    """How earlier trials ended is of no more interest."""
    for stem in ("kept", "taken-back"):
        (folder() / f"{stem}.json").unlink(missing_ok=True)
    _looked_at().unlink(missing_ok=True)


def live(interface: str) -> list[str]:
    """The IPv4 addresses that an interface has at this moment."""
    from piwizard.system.facts import netlink

    rows = [row for row in netlink.addresses() if row["ifname"] == interface]
    return [info["local"] for row in rows for info in row["addr_info"] if info["family"] == "inet"]


def _script() -> Path:
    return folder() / "take-back"


def _looked_at() -> Path:
    return folder() / "looked-at"


def _values(trial: Trial, manager: Manager, saved: Sequence[Saved]) -> dict[str, object]:
    return {
        "folder": folder(),
        "lock": file_lock.path_of(folder()),
        "interface": trial.interface,
        "service": manager.service,
        "connection": manager.connection or "",
        "saved": saved,
        "leftovers": (NOTICE, BOOT_UNIT, WANTED, folder() / "copies", _looked_at(), _script()),
    }


def _save(path: Path, copy: Path) -> Saved:
    lasting = not path.is_relative_to("/run")
    content = files.read(path)
    if content is None:
        return Saved(path, None, lasting)
    mode, uid, gid = files.mode_and_owner(path)
    files.replace(copy, content, mode=mode, ids=(uid, gid), mtime_ns=path.stat().st_mtime_ns)
    return Saved(path, copy, lasting)


def _stop_timer(command: Command) -> None:
    """Ends the timer, if there is one; it is no failure if there is none."""
    known = commands.run(("systemctl", "show", "--property=LoadState", f"{UNIT}.timer")).output.strip()
    if known != "LoadState=not-found":
        command(("systemctl", "stop", f"{UNIT}.timer"))


def _read(stem: str) -> Trial | None:
    content = files.read(folder() / f"{stem}.json")
    return Trial(**json.loads(content)) if content else None
