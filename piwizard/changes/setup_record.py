"""Record which setup commands have run on a site's data.

The record is kept beside the data and removed only with it.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
from itertools import islice
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import app_data, files, safe_open
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

FOLDER = app_data.SETUP_RECORD
AGREED = "agreed.json"
VERSION = 1
MOST_ENTRIES = 500
"""Entries of the data that are searched for a file."""


def marker_name(identity: str) -> str:
    """Return the name of the file that records that a command has run."""
    return files.digest(identity.encode())[:16]


@dataclass(frozen=True)
class SetupRecorded:
    """The record of setup commands in `site`/data.setup.

    It has the commands that the user agreed to, and a marker for each one that has run.

    `ran` are commands that count as run although no run of them is recorded.
    """

    kind: ClassVar[str] = "setup"
    site: Path
    agreed: frozenset[str]
    ran: frozenset[str] = frozenset()
    new: bool = False
    taken: tuple[str, ...] = ()
    """The commands of `ran` that the user has to know about."""

    @property
    def _folder(self) -> Path:
        return self.site / FOLDER

    def describe(self) -> str:
        commands = ", ".join(sorted(self.agreed))
        return f"Record the setup commands agreed to: {commands}" if commands else "Record that no setup command runs"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        warnings = tuple(
            f"`{one}` does not run: {self.site / 'data'} already has data, so it counts as run. "
            f"To run it anyway, delete {self._folder / marker_name(one)} after this run, then apply again."
            for one in self.taken
        )
        missing = [one for one in self.ran if not (self._folder / marker_name(one)).is_file()]
        if not missing and files.read(self._folder / AGREED) == self._wanted():
            return IN_SYNC
        return Preview(in_sync=False, warnings=warnings)

    def apply(self, work: ApplyContext) -> None:
        if os.path.lexists(self._folder) and (self._folder.is_symlink() or not self._folder.is_dir()):
            raise ChangeFailed(f"{self._folder} is not a folder.", hint="Move it away, then apply again.")
        work.remember("setup", str(self._folder), {})
        files.make_owned_folder(self._folder, 0o755, (0, 0))
        for one in sorted(self.ran):
            path = self._folder / marker_name(one)
            if not path.is_file():
                files.replace(path, json.dumps({"argv": shlex.split(one)}).encode())
        files.replace(self._folder / AGREED, self._wanted())  # last: this makes the record valid
        work.note(self._folder, "setup commands recorded")

    def _wanted(self) -> bytes:
        return json.dumps({"version": VERSION, "new": self.new, "commands": sorted(self.agreed)}).encode()


def holds_something(data: Path) -> bool:
    """Check for any file in a site's data.

    Empty folders count as nothing, unreadable ones as something.

    No file is opened and no link is followed, as the app may change its data at any moment.
    """
    try:
        handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    if app_data.find_mounts(data):
        os.close(handle)
        return True
    try:
        seen = islice(safe_open.walk(handle), MOST_ENTRIES)
        return any(
            not stat.S_ISDIR(info.st_mode) or number == MOST_ENTRIES - 1 for number, (_, _, info) in enumerate(seen)
        )
    finally:
        os.close(handle)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove the record with the data.

    Keep it with data that is kept, or if commands ran on a database server.
    """
    folder = Path(record["target"])
    if not folder.is_dir() or folder.is_symlink():
        return None
    leftovers = ("data.trial",) if (folder / "switch.json").exists() else ("data.trial", "data.next", "data.kept")
    for name in leftovers:
        files.remove_atomically(folder.with_name(name))
    ran = any(path.name != AGREED for path in folder.iterdir())
    if not work.wipe and (ran or holds_something(folder.parent / "data")):
        return f"{folder} records which setup commands have run: kept with the data."
    files.remove_atomically(folder)
    work.note(folder, "removed")
    return None
