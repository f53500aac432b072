"""Locks between piwizard's own processes, on files that nobody else can open.

flock(2) works on a handle that may only read. A lock on anything that others can open would let any user keep piwizard
waiting for ever.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import files, paths

PATIENCE = 60.0
"""Seconds. Whoever holds one of these locks writes a small file."""
PAUSE = 0.05
SAID_AFTER = 1.0
"""Seconds of waiting after which it is worth a line."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
LOCKS = Path("/proc/locks")


@contextmanager
def exclusive(
    folder: Path,
    seconds: float = PATIENCE,
    on_wait: Callable[[str], None] | None = None,
    *,
    temporary: bool = False,
) -> Iterator[None]:
    """Keep other processes of piwizard from changing the files of a folder meanwhile.

    The lock ends with its process, however that ends. PiwizardError names whoever has held it for `seconds`;
    `on_wait` gets one line when the waiting takes longer than a moment. The file of a `temporary` one is removed.
    """
    handle = _taken(folder, seconds, on_wait)
    try:
        yield
    finally:
        if temporary:
            _remove(path_of(folder))
        os.close(handle)


def _taken(folder: Path, seconds: float, on_wait: Callable[[str], None] | None) -> int:
    path = path_of(folder)
    while True:
        try:
            handle = _open(path)
        except FileNotFoundError:  # whoever had it has just removed the folder
            continue
        try:
            _wait(handle, folder, seconds, on_wait)
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # waited for a file that its holder has removed


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):  # others have locks there
            folder.rmdir()


def path_of(folder: Path) -> Path:
    """Return the lock file for the files of a folder."""
    return paths.locks_dir() / f"{folder.name}-{files.digest(os.fsencode(folder))[:12]}.lock"


def _wait(handle: int, folder: Path, seconds: float, on_wait: Callable[[str], None] | None) -> None:
    since = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - since
        else:
            return
        if on_wait and waited >= SAID_AFTER:
            on_wait(f"Waiting for {_name(_holder(handle))}, which is changing files in {folder}.")
            on_wait = None
        if waited >= seconds:
            raise _waited_enough(folder, seconds, _holder(handle))
        time.sleep(PAUSE)


def _waited_enough(folder: Path, seconds: float, holder: int | None) -> PiwizardError:
    stop = f", or end it with `sudo kill {holder}`" if holder else ""
    return PiwizardError(
        f"{_name(holder)} has been changing files in {folder} for more than {seconds:.0f} s.",
        hint=f"Wait until it ends (`piwizard stop` stops a run){stop}. Then try again.",
    )


def _holder(handle: int) -> int | None:
    """Return the process that holds the lock, as the kernel lists it; None where that does not show."""
    inode = str(os.fstat(handle).st_ino)
    for line in LOCKS.read_text().splitlines():
        fields = line.split()  # 1: FLOCK ADVISORY WRITE 14446 00:41:114 0 EOF; "->" after the number: who waits
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
            return int(fields[4]) if int(fields[4]) > 0 else None
    return None


def _name(holder: int | None) -> str:
    if holder is None:
        return "another process of piwizard"
    try:
        command = Path(f"/proc/{holder}/cmdline").read_bytes()[:200].replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:  # it has just ended
        return f"process {holder}"
    return f"process {holder} ({command.strip()})"


def _open(path: Path) -> int:
    """Open a lock file that belongs to this user alone, in a folder that nobody else can enter."""
    files.make_folders(path.parent.parent)
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700)
    within = os.open(path.parent, FOLDER)
    try:
        _require_own(within, path.parent)
        os.fchmod(within, 0o700)
        handle = os.open(path.name, FILE, 0o600, dir_fd=within)
    finally:
        os.close(within)
    try:
        _require_own(handle, path)
        os.fchmod(handle, 0o600)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _require_own(handle: int, path: Path) -> None:
    info = os.fstat(handle)
    if info.st_uid != os.geteuid() or not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
        raise PiwizardError(
            f"{path} belongs to another user, so piwizard cannot use it for its locks.",
            hint=f"Look at who made it with `ls -ld {path}`, remove it, and try again.",
        )
