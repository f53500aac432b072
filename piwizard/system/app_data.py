"""What an app has written: measured before somebody is asked about it, and deleted only after a yes.

Everything in the folder is a stranger's work. So it is gone through by open folders, never by a path, follows no link,
leaves no file system, and neither depth nor number of files can exhaust memory or open files.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import files, paths, safe_open

SETUP_RECORD = "data.setup"
"""The folder beside the data that says which setup commands have run on it: it stays and goes with the data."""
MOST_FILES = 100_000
MOST_LEVELS = 64
MOST_SECONDS = 5.0
MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Contents:
    """The files in a folder and their size in bytes; `more`: counting ended before all were seen."""

    folder: Path
    files: int
    size: int
    more: bool = False

    def __str__(self) -> str:
        """As a question names it: `/srv/blog/data (12 files, 3.1 MB)`."""
        counted = "1 file" if self.files == 1 else f"{self.files:,} files"
        return f"{self.folder} ({'more than ' if self.more else ''}{counted}, {_size(self.size)})"

    @property
    def any(self) -> bool:
        """Whether there is anything to lose."""
        return self.more or self.files > 0

    def as_json(self) -> dict[str, object]:
        """The shape under --json."""
        return {"folder": str(self.folder), "files": self.files, "bytes": self.size, "more": self.more}


def folder(site: str) -> Path:
    """Where the app of a site writes."""
    return paths.sites_dir() / site / "data"


def of(site: str) -> Contents | None:
    """What there is to delete of a site: its data, or what is left of it where a deletion was cut off."""
    return measure(folder(site)) or measure(files.gone(folder(site)))


def measure(data: Path) -> Contents | None:
    """Count the files of a data folder. None where there is no folder; a link to one is none."""
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
        self._until = time.monotonic() + MOST_SECONDS

    def count(self, handle: int, level: int) -> None:
        with os.scandir(handle) as entries:
            for entry in entries:
                if self.files >= MOST_FILES or time.monotonic() > self._until:
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
        except FileNotFoundError:  # the app removed it meanwhile
            self.files -= 1

    def _inside(self, handle: int, name: str, level: int) -> None:
        if level >= MOST_LEVELS:
            self.more = True
            return
        try:
            inside = os.open(name, safe_open.FOLDER_FLAGS, dir_fd=handle)
        except OSError:  # it is something else by now
            return
        try:
            self.count(inside, level + 1)
        finally:
            os.close(inside)


def require_one_file_system(data: Path) -> None:
    """Raise PiwizardError where a disk is mounted in a data folder: what is on it is more than the app's."""
    inside = [path for path in _mounted() if path == data or path.is_relative_to(data)]
    if inside:
        raise PiwizardError(
            f"A disk is mounted at {inside[0]}, so {data} was not deleted.",
            hint=f"Run `sudo umount {inside[0]}` first, or keep the data with --keep-data.",
        )


def mounted_in(data: Path) -> list[Path]:
    """Return what is mounted within a data folder; not the folder itself, which may be a disk of its own."""
    return [path for path in _mounted() if path != data and path.is_relative_to(data)]


def _mounted() -> list[Path]:
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    return [Path(_unescaped(line.split(" ")[4])) for line in lines]


def _unescaped(text: str) -> str:
    """The kernel writes blanks, tabs, new lines and backslashes as octal numbers."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def delete(data: Path) -> bool:
    """Delete a data folder, and what an earlier deletion that was cut off has left. Returns whether there was any.

    First it gets another name, so that nothing takes half of it for all. A link to a folder is left alone.
    """
    going = files.gone(data)
    there = [part for part in (going, data) if part.is_dir() and not part.is_symlink()]
    for part in there:
        require_one_file_system(part)
    try:
        if there:
            files.remove_whole(data)
        files.remove_whole(data.with_name(SETUP_RECORD))
    except OSError as error:
        raise PiwizardError(
            f"{data} could not be deleted entirely: {error.strerror}. What is left is in {going}.",
            hint="Start the same command again. `sudo ls -lR` on that folder shows what is in the way.",
        ) from error
    return bool(there)


def _size(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"
