"""Mirror a folder to another: `python data_mirror.py SOURCE TARGET`.

Runs as the user that owns both. SQLite databases are copied with SQLite's online backup, so that the copy is consistent
while the app writes. Other files are cloned if the file system supports that. Needs only the standard library. With
exit code 1, the last line says what could not be copied.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

try:
    import sqlite3
except ImportError:  # Python was built without it
    sqlite3 = None  # type: ignore[assignment]

FICLONE = 0x40049409
"""The FICLONE request of ioctl(2)."""
SQLITE_HEADER = b"SQLite format 3\0"
JOURNAL_SUFFIXES = ("-wal", "-shm", "-journal")
PAGES_PER_STEP = 2048
MAX_RESTARTS = 20
"""After this many restarts because of writes, the backup blocks writers."""
COPY_SUFFIX = ".piwizard-copy"
BUSY_CODES = (5, 6)
"""SQLITE_BUSY and SQLITE_LOCKED."""
BUSY_SECONDS = 5.0
LOCK_TIMEOUT_SECONDS = 60.0
"""After this time, a locked database is copied like other files, with its journal."""
MAX_TRIES = 5
RACY_SECONDS = 0.05


def mirror(source: Path, target: Path) -> None:
    """Make `target` equal to `source`; both are folders."""
    there = {entry.name: entry for entry in os.scandir(source)}
    for entry in list(os.scandir(target)):
        mine = there.get(entry.name)
        if mine is None or _file_type(mine) != _file_type(entry):
            _remove(Path(entry.path))
    found = {name: Path(entry.path) for name, entry in there.items() if entry.is_file(follow_symlinks=False)}
    databases = [name for name, path in found.items() if is_sqlite(path)]
    saved = {name for name in databases if copy_database(source / name, target / name)}
    done = saved | {f"{name}{end}" for name in saved for end in JOURNAL_SUFFIXES}
    for name, entry in there.items():
        if name not in done:
            with suppress(FileNotFoundError):  # removed meanwhile
                _copy(entry, source / name, target / name)
    _copy_metadata(source, target)


def _file_type(entry: os.DirEntry[str]) -> int:
    return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)


def _copy(entry: os.DirEntry[str], source: Path, target: Path) -> None:
    if entry.is_symlink():
        if os.path.lexists(target):
            target.unlink()
        target.symlink_to(os.readlink(source))
    elif entry.is_dir(follow_symlinks=False):
        target.mkdir(mode=0o700, exist_ok=True)
        target.chmod(0o700)
        mirror(source, target)
    elif entry.is_file(follow_symlinks=False):
        new = _temporary(target)
        with source.open("rb") as old, new.open("wb") as copy:
            try:
                fcntl.ioctl(copy.fileno(), FICLONE, old.fileno())
            except OSError:
                _copy_content(old.fileno(), copy.fileno())
            copy.flush()
        _copy_metadata(source, new)
        new.replace(target)


def _temporary(target: Path) -> Path:
    """Return a new name beside a file, whose own name may be as long as names can be."""
    return target.with_name(f".{secrets.token_hex(8)}{COPY_SUFFIX}")


def _copy_content(source: int, target: int) -> None:
    """Copy the content of a file; holes stay holes, since they may exceed the disk."""
    size, begin = os.fstat(source).st_size, 0
    os.ftruncate(target, size)
    while begin < size:
        try:
            begin = os.lseek(source, begin, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = min(os.lseek(source, begin, os.SEEK_HOLE), size)
        while begin < end:
            begin += os.pwrite(target, os.pread(source, min(end - begin, 1 << 20), begin), begin) or end - begin


def _copy_metadata(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        info = source.stat()
        target.chmod(stat.S_IMODE(info.st_mode) & 0o1777)
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


def is_sqlite(path: Path) -> bool:
    """Return whether this is a regular file that begins as SQLite's databases do."""
    if sqlite3 is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would block
    except OSError:
        return False
    try:
        regular = stat.S_ISREG(os.fstat(handle).st_mode)
        return regular and os.read(handle, len(SQLITE_HEADER)) == SQLITE_HEADER
    except OSError:
        return False
    finally:
        os.close(handle)


def copy_database(source: Path, target: Path) -> bool:
    """Copy a database and its journal; return False if SQLite rejects it."""
    new = _temporary(target)
    for end in ("", *JOURNAL_SUFFIXES):
        with suppress(FileNotFoundError):
            Path(f"{new}{end}").unlink()
    try:
        address = f"file:{quote(os.fsencode(source))}?mode=rw"
        with (
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as old,
            closing(sqlite3.connect(new)) as copy,
        ):
            _copy_pages(old, copy)
    except sqlite3.Error:
        with suppress(FileNotFoundError):
            new.unlink()
        return False
    for end in JOURNAL_SUFFIXES:
        with suppress(FileNotFoundError):
            Path(f"{target}{end}").unlink()
    _copy_metadata(source, new)
    new.replace(target)
    return True


def copy_unopened(source: Path, target: Path) -> list[str] | None:
    """Copy a database that SQLite rejects, with its journals, as at one moment.

    Return the endings of what was copied: "" for the database itself. None if they change all the time.
    """
    for _ in range(MAX_TRIES):
        before = _versions(source)
        if "" not in before:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
        with suppress(FileNotFoundError):  # a journal was removed meanwhile
            for end in before:
                _copy_with_holes(Path(f"{source}{end}"), Path(f"{target}{end}"))
            if before == _versions(source):
                return list(before)
        for end in before:
            Path(f"{target}{end}").unlink(missing_ok=True)
    return None


def _versions(source: Path) -> dict[str, tuple[int, int, int]]:
    """Return what identifies the content of a database and of its journals. SQLite makes a missing `-shm` again."""
    found = {}
    for end in ("", "-wal", "-journal"):
        with suppress(FileNotFoundError):
            info = Path(f"{source}{end}").lstat()
            if not stat.S_ISREG(info.st_mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"{source}{end}")
            if time.time() - info.st_mtime < RACY_SECONDS:  # it may be written again with the same time
                time.sleep(RACY_SECONDS)
            found[end] = (info.st_size, info.st_mtime_ns, info.st_ino)
    return found


def _copy_with_holes(source: Path, target: Path) -> None:
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as old, target.open("wb") as copy:
        _copy_content(old.fileno(), copy.fileno())
    _copy_metadata(source, target)


def _copy_pages(old: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    steps, until = 0, time.monotonic() + LOCK_TIMEOUT_SECONDS

    def more(status: int, left: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if status in BUSY_CODES and time.monotonic() > until:
            raise sqlite3.OperationalError("another process keeps it locked")
        if steps > MAX_RESTARTS * (total // PAGES_PER_STEP + 1):
            raise InterruptedError  # the app keeps writing

    try:
        old.backup(copy, pages=PAGES_PER_STEP, progress=more, sleep=0.01)
    except InterruptedError:
        steps = -sys.maxsize
        old.backup(copy, pages=-1, progress=more, sleep=0.01)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        mirror(Path(sys.argv[1]), Path(sys.argv[2]))
    except OSError as error:
        print(f"{error.filename or sys.argv[2]}: {error.strerror}", flush=True)
        sys.exit(1)
