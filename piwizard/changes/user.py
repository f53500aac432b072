"""System users, each of which owns only what one site writes."""

from __future__ import annotations

import grp
import json
import os
import pwd
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.errors import PiwizardError
from piwizard.system import files, paths, safe_open, tree_remove
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

OPEN_TO_ALL = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/crash")))
"""Folders in which every user may create files."""
NO_LOGIN = "/usr/sbin/nologin"
HIGHEST, LOWEST = 999, 100
"""The range of IDs of system users in Debian (/etc/login.defs)."""


@dataclass(frozen=True)
class SystemUser:
    """A user without a login or a password, with a group of the same name.

    `home` is not created here. `shell` is a program without a way to run others, for a user that SSH lets in.

    Its ID was never used by another user of piwizard, so files left by a removed site get no new owner. A `shared`
    user belongs to all sites, and is removed with the last of them.
    """

    kind: ClassVar[str] = "user"
    name: str
    home: Path
    shared: bool = False
    shell: str = NO_LOGIN

    def describe(self) -> str:
        return f"System user {self.name}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if not self._there():
            return Preview(in_sync=False, argv=(self._argv(_number(self.name)),))
        return IN_SYNC if self._group() else Preview(in_sync=False, argv=(self._lacking(),))

    def apply(self, work: ApplyContext) -> None:
        there = self._there()
        if there and not self._group():
            work.command(self._lacking())
        if not there:
            shared: AbstractContextManager[None] = work.shared() if self.shared else nullcontext()
            with shared:
                work.remember("user", self.name, {"home": str(self.home)})
            number = _number(self.name)
            _keep(_given() | {self.name: number})  # before the user is created, so that no other gets it
            work.command(self._argv(number))

    def _there(self) -> bool:
        try:
            found = pwd.getpwnam(self.name)
        except KeyError:
            return False
        if found.pw_dir != str(self.home):
            raise ChangeFailed(
                f"site.name: a user {self.name} already exists on this Pi, so the app cannot run as that user.",
                key="site.name",
                hint="Choose another name for the site.",
            )
        return True

    def _group(self) -> bool:
        """Check that the group exists.

        useradd may have been killed after it created the user.
        """
        number = pwd.getpwnam(self.name).pw_gid
        return any(one.gr_gid == number for one in grp.getgrall())

    def _lacking(self) -> tuple[str, ...]:
        return ("groupadd", "--gid", str(pwd.getpwnam(self.name).pw_gid), self.name)

    def _argv(self, number: int) -> tuple[str, ...]:
        shell = ("--shell", self.shell)
        home = ("--home-dir", str(self.home), "--no-create-home")
        # The group of the same name gets the same number: --gid wants one that is there already.
        return ("useradd", "--system", "--user-group", "--uid", str(number), *home, *shell, self.name)


def _given() -> dict[str, int]:
    """Return the IDs used so far, by their users' names."""
    content = files.read(_file())
    try:
        return {str(name): int(number) for name, number in json.loads(content or b"{}")["users"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _file() -> Path:
    return paths.state_dir() / "users.json"


def _number(name: str) -> int:
    """Return the ID for a user.

    It was reserved by a run that was killed, or it was never used.
    """
    given = _given()
    taken = {one.pw_uid for one in pwd.getpwall()} | {one.gr_gid for one in grp.getgrall()}
    own = given.get(name)
    if own is not None and own not in taken:
        return own
    free = (number for number in range(HIGHEST, LOWEST, -1) if number not in taken and number not in given.values())
    number = next(free, None)
    if number is None:
        raise PiwizardError(
            "There is no free ID for a system user.", hint=f"Remove users that are no longer needed from {_file()}."
        )
    return number


def _retire(name: str, number: int) -> None:
    """Record that the ID of a removed user must never be used again.

    This includes a later user of the same name.
    """
    given = {other: its for other, its in _given().items() if other != name}
    _keep(given | {f"/{number}": number})  # without the name: nothing else of a removed site is kept


def _keep(given: dict[str, int]) -> None:
    files.make_folders(_file().parent)
    files.replace(_file(), json.dumps({"version": 1, "users": given}).encode(), mode=0o600)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove the user that piwizard created, unless its home still exists."""
    if Path(record["before"]["home"]).exists():
        return f"The user {record['target']} still owns files in {record['before']['home']}: kept."
    try:
        account = pwd.getpwnam(record["target"])
    except KeyError:
        return None
    number = account.pw_uid
    if account.pw_shell != NO_LOGIN:
        # systemd keeps processes of a user who has logged in for a while, and userdel refuses until they have ended.
        work.command(("systemctl", "stop", f"user-{number}.slice"), allow=range(256))
    work.command(("userdel", record["target"]))
    for folder in OPEN_TO_ALL:
        _sweep(folder, number)
    _retire(record["target"], number)
    return None


def _sweep(folder: Path, number: int) -> None:
    """Remove the files of a removed user from a folder, without following links."""
    try:
        with safe_open.open_folder(folder) as top:
            for name in os.listdir(top):
                if os.stat(name, dir_fd=top, follow_symlinks=False).st_uid == number:
                    tree_remove.remove_tree(name, top)
    except OSError:  # it does not exist, or something is mounted in it
        return
