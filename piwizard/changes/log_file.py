"""Create the log file of a site before nginx opens it.

nginx would make it readable by everybody.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files, safe_open
from piwizard.system.files import Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

MODE = 0o640
"""The mode that logrotate sets after each rotation."""
NGINX = Owner("www-data", "adm")
ROTATED = r"\.\d+(?:\.gz)?"
REINSTALL = "They belong to the package nginx: reinstall it."


@dataclass(frozen=True)
class LogFile:
    """A log that only its owner and a group may read, and its rotated files.

    If it is a symlink, the link and its target are left alone. Undo removes an empty log; a log with content is kept,
    as it is the user's record of visits.
    """

    kind: ClassVar[str] = "log"
    path: Path
    owner: Owner = NGINX

    def describe(self) -> str:
        return f"Log {self.path}, closed to others"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if not os.path.lexists(self.path):
            return Preview(in_sync=False, diff=f"+{self.path}")
        found = [self.path.with_name(name) for name, info in _open_to_others(self.path)]
        return (
            Preview(in_sync=False, diff="\n".join(f"# {path}: mode {MODE:04o}" for path in found)) if found else IN_SYNC
        )

    def apply(self, work: ApplyContext) -> None:
        files.make_folders(self.path.parent)
        try:
            ids = self.owner.ids()
        except KeyError as missing:
            raise ChangeFailed(f"There is no user or group {missing} to own {self.path}.", hint=REINSTALL) from None
        if not os.path.lexists(self.path):
            work.remember("log", str(self.path), {"existed": False})
            files.replace(self.path, b"", mode=MODE, ids=ids)
            work.note(self.path, f"created, mode {MODE:04o}")
        for name, _ in list(_open_to_others(self.path)):
            if _close(self.path.parent, name, ids):
                work.note(self.path.with_name(name), f"closed to others, mode {MODE:04o}")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Remove the log if it is empty."""
    path = Path(record["target"])
    files.temporary_path(path).unlink(missing_ok=True)
    with suppress(OSError):
        info = path.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_size == 0:
            path.unlink()
            files.sync_folder(path.parent)
            work.note(path, "removed")
    return None


def _open_to_others(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the log and its rotated files, if everybody may read them.

    Skip links and files with a second name.
    """
    name = re.compile(rf"{re.escape(path.name)}(?:{ROTATED})?")
    with suppress(OSError), safe_open.open_folder(path.parent) as folder:
        for found in sorted(filter(name.fullmatch, os.listdir(folder))):
            info = os.stat(found, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(info.st_mode) and info.st_nlink == 1 and stat.S_IMODE(info.st_mode) & ~MODE:
                yield found, info


def _close(parent: Path, name: str, ids: tuple[int, int]) -> bool:
    with safe_open.open_folder(parent) as folder:
        file = safe_open.open_file(name, folder)
        if file is None:
            return False
        with file:
            if os.fstat(file.fileno()).st_nlink != 1:
                return False
            _own(file.fileno(), ids)
    return True


def _own(handle: int, ids: tuple[int, int]) -> None:
    if os.geteuid() == 0:
        os.fchown(handle, *ids)
    os.fchmod(handle, MODE)
