"""Measure and delete an app's data folder.

The app writes these files, so they are not trusted. All work starts from open folders, never from a path, follows no
link, stays on one file system, and uses a bounded amount of memory and open files however deep the tree is.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import files, paths, safe_open
from piwizard.system.lazy_dataclass import dataclass

SETUP_RECORD = "data.setup"
"""The folder beside the data that records which setup commands ran on it. It is kept and deleted with the data."""
MAX_FILES = 100_000
MAX_LEVELS = 64
MAX_SECONDS = 5.0
MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Contents:
    """The number and size of the files in a folder.

    `size` is in bytes. `more`: counting stopped before the end.
    """

    folder: Path
    files: int
    size: int
    more: bool = False

    def __str__(self) -> str:
        """Return the text for a question: `/srv/blog/data (12 files, 3.1 MB)`."""
        counted = "1 file" if self.files == 1 else f"{self.files:,} files"
        return f"{self.folder} ({'more than ' if self.more else ''}{counted}, {_size(self.size)})"

    @property
    def any(self) -> bool:
        """Return whether the folder contains anything."""
        return self.more or self.files > 0

    def as_json(self) -> dict[str, object]:
        """Return the form used with --json."""
        return {"folder": str(self.folder), "files": self.files, "bytes": self.size, "more": self.more}


def data_folder(site: str) -> Path:
    """Return the folder that the app of a site writes to."""
    return paths.sites_dir() / site / "data"


def measure_site(site: str) -> Contents | None:
    """Measure the data of a site; None if there is none.

    After an interrupted deletion, measure the rest of it.
    """
    return measure_folder(data_folder(site)) or measure_folder(files.removal_path(data_folder(site)))


def measure_folder(data: Path) -> Contents | None:
    """Count the files of a data folder; None if there is none, or only a link to one."""
    try:
        handle = os.open(data, safe_open.FOLDER_FLAGS)
    except OSError:
        return None
    counting = _Counting()
    try:
        counting.count(handle, 1)
    finally:
        os.close(handle)
    return Contents(data, counting.files, counting.size, counting.more)


class _Counting:
    def __init__(self) -> None:
        self.files = self.size = 0
        self.more = False
        self._until = time.monotonic() + MAX_SECONDS

    def count(self, handle: int, level: int) -> None:
        with os.scandir(handle) as entries:
            for entry in entries:
                if self.files >= MAX_FILES or time.monotonic() > self._until:
                    self.more = True
                    return
                if entry.is_dir(follow_symlinks=False):
                    self._inside(handle, entry.name, level)
                else:
                    self._one(entry)

    def _one(self, entry: os.DirEntry[str]) -> None:
        self.files += 1
        try:
            self.size += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:  # the app removed it in the meantime
            self.files -= 1

    def _inside(self, handle: int, name: str, level: int) -> None:
        if level >= MAX_LEVELS:
            self.more = True
            return
        try:
            inside = os.open(name, safe_open.FOLDER_FLAGS, dir_fd=handle)
        except OSError:  # replaced by something else in the meantime
            return
        try:
            self.count(inside, level + 1)
        finally:
            os.close(inside)


def require_one_file_system(data: Path) -> None:
    """Raise PiwizardError if a disk is mounted in a data folder.

    The disk may contain more than the app's files.
    """
    inside = [path for path in _mounted() if path == data or path.is_relative_to(data)]
    if inside:
        raise PiwizardError(
            f"A disk is mounted at {inside[0]}, so {data} was not deleted.",
            hint=f"Run `sudo umount {inside[0]}` first, or keep the data with --keep-data.",
        )


def find_mounts(data: Path) -> list[Path]:
    """Return the mount points below a data folder, without the folder itself."""
    return [path for path in _mounted() if path != data and path.is_relative_to(data)]


def _mounted() -> list[Path]:
    try:
        lines = MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    return [Path(_unescaped(line.split(" ")[4])) for line in lines]


def _unescaped(text: str) -> str:
    """Decode the octal escapes with which the kernel writes spaces, tabs, newlines and backslashes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def delete_data(data: Path) -> bool:
    """Delete a data folder; return whether there was anything.

    Also delete the rest of an interrupted deletion.

    The folder is renamed first, so that part of the data is never taken for all of it. A link to a folder is not
    touched.
    """
    going = files.removal_path(data)
    there = [part for part in (going, data) if part.is_dir() and not part.is_symlink()]
    for part in there:
        require_one_file_system(part)
    try:
        if there:
            files.remove_atomically(data)
        files.remove_atomically(data.with_name(SETUP_RECORD))
    except OSError as error:
        raise PiwizardError(
            f"{data} could not be deleted completely: {error.strerror}. The rest is in {going}.",
            hint="Run the same command again. `sudo ls -lR` on that folder shows what is left.",
        ) from error
    return bool(there)


def _size(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"
