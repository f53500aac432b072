"""Files replaced whole or not at all, and compared."""

from __future__ import annotations

import errno
import grp
import hashlib
import os
import pwd
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from piwizard.system import tree_remove


@dataclass(frozen=True)
class Owner:
    """Names of a user and a group; looked up when used, since they may be made by the same plan."""

    user: str = "root"
    group: str = "root"

    def ids(self) -> tuple[int, int]:
        """The numbers; KeyError where a name is not there (yet)."""
        return pwd.getpwnam(self.user).pw_uid, grp.getgrnam(self.group).gr_gid


ROOT = Owner()
AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Of renameat2(2)."""


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal: how piwizard knows its own writing again."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> bytes | None:
    """The content of a regular file, None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def mode_and_owner(path: Path) -> tuple[int, int, int]:
    """Permission bits, user and group number of what is at `path` (a symlink itself, not its target)."""
    info = path.lstat()
    return stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid


def sync_folder(folder: Path) -> None:
    """Makes a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Makes the content that another program wrote survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path, mode: int = 0o755) -> None:
    """Makes a folder and those above it where they are not there yet, so that they survive a power cut."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(mode=mode, exist_ok=True)
        sync_folder(folder.parent)


def own_folder(path: Path, mode: int, ids: tuple[int, int]) -> None:
    """Makes a folder and gives it mode and owner. NotADirectoryError where something else is there, also a link."""
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
    """Lets two paths of one folder change places: nobody ever finds one of them missing. OSError says why not."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    sync_folder(one.parent)


def put_in_place(new: Path, path: Path) -> None:
    """Puts the folder `new` in the place of `path` in one step, and removes what was there."""
    try:
        exchange(new, path)
    except FileNotFoundError:
        new.rename(path)
    except OSError as error:  # on an overlay, a folder of what lies below can be neither exchanged nor renamed
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS):
            raise
        remove_whole(path)
        new.rename(path)
    sync_folder(path.parent)
    remove(new)


def forget(path: Path) -> None:
    """Removes a file, if there is one, so that it stays removed after a power cut: before what it vouched for is."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Removes a file, a link or a whole folder, if there is one. Follows no link; OSError where a disk is mounted."""
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        tree_remove.remove_tree(path.name, parent)
    finally:
        os.close(parent)


def aside(path: Path) -> Path:
    """Where a file or a link is made; a killed run may leave it."""
    return path.with_name(f".{path.name}.piwizard-new")


def gone(folder: Path) -> Path:
    """What a folder is called while it is being removed."""
    return folder.with_name(f".{folder.name}.piwizard-gone")


def remove_whole(folder: Path) -> None:
    """Removes a folder in one step: what a kill on the way leaves is no longer called so, and vouches for nothing."""
    remove(gone(folder))
    if not folder.is_dir() or folder.is_symlink():
        return
    try:
        folder.rename(gone(folder))
    except OSError as error:
        if error.errno != errno.EXDEV:  # on an overlay, a folder of what lies below cannot be renamed
            raise
        remove(folder)
        return
    sync_folder(folder.parent)
    remove(gone(folder))


def replace(
    path: Path, content: bytes, *, mode: int = 0o644, ids: tuple[int, int] = (0, 0), mtime_ns: int | None = None
) -> None:
    """Writes aside, syncs, renames over: a reader or a power cut sees the old file or the new one, whole.

    The file aside has one fixed name, so that what a killed run left is overwritten by the next.
    """
    new = aside(path)
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
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


def link(path: Path, target: str) -> None:
    """Makes `path` a symlink to `target` in one step, whatever link was there before."""
    new = aside(path)
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(path)
    sync_folder(path.parent)


def diff(before: bytes | None, after: bytes | None, path: Path) -> str:
    """A unified diff of two versions of a file; None stands for no file."""
    import difflib  # where all is as it should be, there is nothing to compare

    old, new = ((text or b"").decode("utf-8", "replace").splitlines() for text in (before, after))
    names = ("/dev/null" if before is None else str(path), "/dev/null" if after is None else str(path))
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm=""))
