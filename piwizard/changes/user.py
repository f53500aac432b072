"""A system user that owns nothing but what one site writes."""

from __future__ import annotations

import grp
import json
import os
import pwd
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.errors import PiwizardError
from piwizard.system import files, paths, safe_open, tree_remove
from piwizard.system.system_cache import SystemCache

OPEN_TO_ALL = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/crash")))
"""Folders of the machine in which every user may make files."""
HIGHEST, LOWEST = 999, 100
"""The numbers that Debian has for system users (/etc/login.defs)."""


@dataclass(frozen=True)
class SystemUser:
    """A user without a login or a password, with a group of the same name. `home` is not made here.

    Its number was never that of another user of piwizard's: a file that a removed site has left belongs to nobody.
    What is `shared` is there for all sites, and goes with the last of them.
    """

    kind: ClassVar[str] = "user"
    name: str
    home: Path
    shared: bool = False

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
            _keep(_given() | {self.name: number})  # before it is made, so that it is never another's
            work.command(self._argv(number))

    def _there(self) -> bool:
        try:
            found = pwd.getpwnam(self.name)
        except KeyError:
            return False
        if found.pw_dir != str(self.home):
            raise ChangeFailed(
                f"site.name: {self.name} is a user of this machine already, so the app cannot run as it.",
                key="site.name",
                hint="Choose another name for the site.",
            )
        return True

    def _group(self) -> bool:
        """useradd writes the user first: cut off there, the group is lacking."""
        number = pwd.getpwnam(self.name).pw_gid
        return any(one.gr_gid == number for one in grp.getgrall())

    def _lacking(self) -> tuple[str, ...]:
        return ("groupadd", "--gid", str(pwd.getpwnam(self.name).pw_gid), self.name)

    def _argv(self, number: int) -> tuple[str, ...]:
        shell = ("--shell", "/usr/sbin/nologin")
        home = ("--home-dir", str(self.home), "--no-create-home")
        # The group of the same name gets the same number: --gid wants one that is there already.
        return ("useradd", "--system", "--user-group", "--uid", str(number), *home, *shell, self.name)


def _given() -> dict[str, int]:
    """The numbers that were given so far, by the names that have them, or had them last."""
    content = files.read(_file())
    try:
        return {str(name): int(number) for name, number in json.loads(content or b"{}")["users"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _file() -> Path:
    return paths.state_dir() / "users.json"


def _number(name: str) -> int:
    """The number of a user: the one that was kept for it by a run that was killed, else one that nobody ever had."""
    given = _given()
    taken = {one.pw_uid for one in pwd.getpwall()} | {one.gr_gid for one in grp.getgrall()}
    own = given.get(name)
    if own is not None and own not in taken:
        return own
    free = (number for number in range(HIGHEST, LOWEST, -1) if number not in taken and number not in given.values())
    number = next(free, None)
    if number is None:
        raise PiwizardError(
            "There is no free number for a system user.", hint=f"Remove users that are no longer needed from {_file()}."
        )
    return number


def _retire(name: str, number: int) -> None:
    """Keeps the number of a user that is gone from all others, also from a later one of that name."""
    given = {other: its for other, its in _given().items() if other != name}
    _keep(given | {f"/{number}": number})  # a name no more: nothing of a removed site is kept but this


def _keep(given: dict[str, int]) -> None:
    files.make_folders(_file().parent)
    files.replace(_file(), json.dumps({"version": 1, "users": given}).encode(), mode=0o600)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Removes the user that piwizard made, unless something of it is still there."""
    if Path(record["before"]["home"]).exists():
        return f"The user {record['target']} owns what is left in {record['before']['home']}: kept."
    try:
        number = pwd.getpwnam(record["target"]).pw_uid
    except KeyError:
        return None
    work.command(("userdel", record["target"]))
    for folder in OPEN_TO_ALL:
        _sweep(folder, number)
    _retire(record["target"], number)
    return None


def _sweep(folder: Path, number: int) -> None:
    """Removes what a user that is gone has left in a folder, follows no link, and leaves what is anybody else's."""
    try:
        with safe_open.open_folder(folder) as top:
            for name in os.listdir(top):
                if os.stat(name, dir_fd=top, follow_symlinks=False).st_uid == number:
                    tree_remove.remove_tree(name, top)
    except OSError:  # not there, or something is mounted in it
        return
