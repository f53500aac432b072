"""Lock files between piwizard's own processes.

No other user can open these files.

flock(2) works on a read-only handle, too. A lock on a file that others can open would let any user block piwizard
forever.
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

TIMEOUT_SECONDS = 60.0
"""Processes keep these locks only while they write a small file."""
POLL_SECONDS = 0.05
MESSAGE_AFTER_SECONDS = 1.0
"""A longer wait is reported to the user."""
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
KERNEL_LOCKS = Path("/proc/locks")


@contextmanager
def exclusive(
    folder: Path,
    seconds: float = TIMEOUT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    *,
    temporary: bool = False,
) -> Iterator[None]:
    """Keep other piwizard processes from changing the files of a folder meanwhile.

    The lock ends with its process, however that ends. PiwizardError names the process that has kept it for `seconds`;
    `on_wait` receives one line if the wait takes longer than a moment. The file of a `temporary` lock is removed.
    """
    handle = _taken(folder, seconds, on_wait)
    try:
        yield
    finally:
        if temporary:
            _remove(lock_path(folder))
        os.close(handle)


def _taken(folder: Path, seconds: float, on_wait: Callable[[str], None] | None) -> int:
    path = lock_path(folder)
    while True:
        try:
            handle = _open(path)
        except FileNotFoundError:  # the previous owner just removed the folder
            continue
        try:
            _wait(handle, folder, seconds, on_wait)
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the previous owner removed this file


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):  # it contains other locks
            folder.rmdir()


def lock_path(folder: Path) -> Path:
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
        if on_wait and waited >= MESSAGE_AFTER_SECONDS:
            on_wait(f"Waiting for {_name(_holder(handle))}, which is changing files in {folder}.")
            on_wait = None
        if waited >= seconds:
            raise _waited_enough(folder, seconds, _holder(handle))
        time.sleep(POLL_SECONDS)


def _waited_enough(folder: Path, seconds: float, holder: int | None) -> PiwizardError:
    stop = f", or end it with `sudo kill {holder}`" if holder else ""
    return PiwizardError(
        f"{_name(holder)} has been changing files in {folder} for more than {seconds:.0f} s.",
        hint=f"Wait until it ends (`piwizard stop` stops a run){stop}. Then try again.",
    )


def _holder(handle: int) -> int | None:
    """Return the process that has the lock, according to the kernel; None if unknown."""
    inode = str(os.fstat(handle).st_ino)
    for line in KERNEL_LOCKS.read_text().splitlines():
        fields = line.split()  # 1: FLOCK ADVISORY WRITE 14446 00:41:114 0 EOF; "->" after the number: a waiting process
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
            return int(fields[4]) if int(fields[4]) > 0 else None
    return None


def _name(holder: int | None) -> str:
    if holder is None:
        return "another piwizard process"
    try:
        command = Path(f"/proc/{holder}/cmdline").read_bytes()[:200].replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:  # it has just exited
        return f"process {holder}"
    return f"process {holder} ({command.strip()})"


def _open(path: Path) -> int:
    """Open a lock file owned by this user, in a folder that no other user can enter."""
    files.make_folders(path.parent.parent)
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700)
    within = os.open(path.parent, FOLDER_FLAGS)
    try:
        _require_own(within, path.parent)
        os.fchmod(within, 0o700)
        handle = os.open(path.name, FILE_FLAGS, 0o600, dir_fd=within)
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
            hint=f"Check who created it with `ls -ld {path}`, remove it, and try again.",
        )
