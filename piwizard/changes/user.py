"""A system user that owns nothing but what one site writes."""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Record, Work
from piwizard.machine.snapshot import Machine


@dataclass(frozen=True)
class SystemUser:
    """A user without a login or a password, with a group of the same name. `home` is not made here."""

    kind: ClassVar[str] = "user"
    name: str
    home: Path

    def describe(self) -> str:
        return f"System user {self.name}"

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        if not self._there():
            return Preview(holds=False, argv=(self._argv(),))
        return HOLDS if self._group() else Preview(holds=False, argv=(self._lacking(),))

    def apply(self, work: Work) -> None:
        there = self._there()
        if there and not self._group():
            work.command(self._lacking())
        if not there:
            work.remember("user", self.name, {"home": str(self.home)})
            work.command(self._argv())

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

    def _argv(self) -> tuple[str, ...]:
        shell = ("--shell", "/usr/sbin/nologin")
        return (
            "useradd",
            "--system",
            "--user-group",
            "--home-dir",
            str(self.home),
            "--no-create-home",
            *shell,
            self.name,
        )


def undo(record: Record, work: Work) -> str | None:
    """Removes the user that piwizard made, unless something of it is still there."""
    if Path(record["before"]["home"]).exists():
        return f"The user {record['target']} owns what is left in {record['before']['home']}: kept."
    try:
        pwd.getpwnam(record["target"])
    except KeyError:
        return None
    work.command(("userdel", record["target"]))
    return None
