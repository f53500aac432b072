"""Atomic file operations that survive a power cut."""

from __future__ import annotations

import errno
import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import safe_open, tree_remove
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Owner:
    """A user and a group by name, resolved when used: the same plan may create them."""

    user: str = "root"
    group: str = "root"

    def ids(self) -> tuple[int, int]:
        """Return the numeric IDs. Raise KeyError if a name does not exist (yet)."""
        return pwd.getpwnam(self.user).pw_uid, grp.getgrnam(self.group).gr_gid


ROOT = Owner()
AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Constants of renameat2(2)."""


def digest(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal, by which piwizard recognizes its own files."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> bytes | None:
    """Return the content of a regular file; None if there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def mode_and_owner(path: Path) -> tuple[int, int, int]:
    """Return permission bits, user ID and group ID of `path`.

    A symlink is not followed.
    """
    info = path.lstat()
    return stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Make content that another program wrote survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path, mode: int = 0o755) -> None:
    """Create a folder and missing parents so that they survive a power cut."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=mode, exist_ok=True)
        sync_folder(folder.parent)


def make_owned_folder(path: Path, mode: int, ids: tuple[int, int]) -> None:
    """Create a folder with a mode and an owner.

    Raise NotADirectoryError if `path` is something else, even a link.
    """
    make_folders(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.geteuid() == 0:
            os.fchown(handle, *ids)
        os.fchmod(handle, mode)
    finally:
        os.close(handle)
    sync_folder(path.parent)


def exchange(one: Path, other: Path) -> None:
    """Exchange two paths of one folder, so that both always exist. Raise OSError."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    sync_folder(one.parent)


def replace_folder(new: Path, path: Path) -> None:
    """Replace the folder `path` with `new` in one step, and remove the old content."""
    try:
        exchange(new, path)
    except FileNotFoundError:
        new.rename(path)
    except OSError as error:  # on an overlay, folders of the lower layer can be neither exchanged nor renamed
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS):
            raise
        remove_atomically(path)
        new.rename(path)
    sync_folder(path.parent)
    remove(new)


def unlink(path: Path) -> None:
    """Remove a file, if it exists, so that it stays removed after a power cut."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, if it exists. Follow no link.

    Raise OSError if a disk is mounted.
    """
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        tree_remove.remove_tree(path.name, parent)
    finally:
        os.close(parent)


def temporary_path(path: Path) -> Path:
    """Return the path where a new version of a file or link is written.

    A killed run may leave it behind.
    """
    return path.with_name(safe_open.temporary_name(path.name))


def removal_path(folder: Path) -> Path:
    """Return the name of a folder during its removal."""
    return folder.with_name(f".{folder.name}.piwizard-gone")


def remove_atomically(folder: Path) -> None:
    """Remove a folder in one step.

    After an interruption, the rest no longer has its name.
    """
    remove(removal_path(folder))
    if not folder.is_dir() or folder.is_symlink():
        return
    try:
        folder.rename(removal_path(folder))
    except OSError as error:
        if error.errno != errno.EXDEV:  # on an overlay, folders of the lower layer cannot be renamed
            raise
        remove(folder)
        return
    sync_folder(folder.parent)
    remove(removal_path(folder))


def replace(
    path: Path,
    content: bytes | Iterable[bytes],
    *,
    mode: int = 0o644,
    ids: tuple[int, int] = (0, 0),
    mtime_ns: int | None = None,
) -> None:
    """Replace a file in one step, even if there is a power cut.

    Readers see the old or the new content, because a temporary file is written, synced and renamed.

    The temporary file has a fixed name, so that the next run overwrites the rest of a killed one.
    """
    new = temporary_path(path)
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), *ids)
            os.fchmod(file.fileno(), mode)
            file.flush()
            if mtime_ns is not None:
                os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
            os.fsync(file.fileno())
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_link(path: Path, target: str) -> None:
    """Make `path` a symlink to `target` in one step, replacing an existing link."""
    new = temporary_path(path)
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(path)
    sync_folder(path.parent)


def diff(before: bytes | None, after: bytes | None, path: Path) -> str:
    """Return a unified diff of two versions of a file; None means no file."""
    import difflib  # not needed if nothing differs

    old, new = ((text or b"").decode("utf-8", "replace").splitlines() for text in (before, after))
    names = ("/dev/null" if before is None else str(path), "/dev/null" if after is None else str(path))
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))


def refuse_newer_format(path: Path, whole: object, known: int) -> None:
    """Raise PiwizardError if a file declares a newer format than the `known` one."""
    version = whole.get("version") if isinstance(whole, dict) else None
    if isinstance(version, int) and version > known:
        raise PiwizardError(
            f"{path} was written by a newer version of piwizard and was not changed.",
            hint="Run install.sh of the newer version: only that version can continue from here.",
        )
