"""Open folders and files without following a link.

This is safe even if another user changes the tree meanwhile.

Root must never work by path in a tree that another user can write to: between a check and the action, a folder there
can become a link to any other folder. These functions start at an open folder and go down one name at a time, with
O_NOFOLLOW. Only this module and tree_copy, tree_owner and tree_remove copy, remove or change the owner of trees.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_DEPTH = 200
NEW_SUFFIX = ".piwizard-new"
MAX_NAME_BYTES = 255 - len(f".{NEW_SUFFIX}")
"""Levels of nested folders. Deeper trees exist only to make programs run out of memory or open files."""
Ids = tuple[int, int]
"""Numeric user ID and group ID."""


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """Keep a folder open. Raise OSError if it is a link or not a folder."""
    handle = os.open(path, FOLDER_FLAGS)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def open_below(within: int, path: PurePath) -> Iterator[int]:
    """Keep the folder `path` below an open folder open.

    Raise OSError at a link on the way.
    """
    handle = os.dup(within)
    try:
        for part in path.parts:
            inner = os.open(part, FOLDER_FLAGS, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def open_file(name: str, within: int) -> BinaryIO | None:
    """Open a regular file in an open folder; None if it is anything else."""
    try:
        handle = os.open(name, FILE_FLAGS, dir_fd=within)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def open_file_below(root: Path, path: PurePath) -> BinaryIO | None:
    """Open a regular file below `root`; None without one.

    No link on the way is followed.
    """
    try:
        with open_folder(root) as top, open_below(top, path.parent) as parent:
            return open_file(path.name, parent)
    except OSError:
        return None


def read_file(root: Path, path: PurePath, limit: int) -> bytes | None:
    """Return at most `limit` bytes of a regular file below `root`; None without one.

    No link on the way is followed.
    """
    try:
        file = open_file_below(root, path)
        if file is None:
            return None
        with file:
            return file.read(limit)
    except OSError:
        return None


def entry_exists(name: str, within: int) -> bool:
    """Return whether an open folder has an entry of that name, even a broken link."""
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def temporary_name(name: str) -> str:
    """Return the name under which a new version of a file is written.

    A name has at most 255 bytes.
    """
    return f".{os.fsdecode(os.fsencode(name)[:MAX_NAME_BYTES])}{NEW_SUFFIX}"


def mount_id(handle: int) -> int:
    """Return the mount ID of an open file or folder.

    Unlike a device number, it also identifies bind mounts.
    """
    found = re.search(r"^mnt_id:\s*(\d+)$", Path(f"/proc/self/fdinfo/{handle}").read_text(), re.M)
    if found is None:
        raise OSError(errno.ENOTSUP, "The kernel does not report the mount of an open file")
    return int(found[1])


def walk(within: int, deepest: int = MAX_DEPTH) -> Iterator[tuple[str, int, os.stat_result]]:
    """Yield each entry below an open folder, with the open folder that contains it.

    Mounted file systems and entries below more than `deepest` folders are skipped. It takes no memory for the entries
    of a folder, however many a stranger has put there.
    """
    yield from _walk(within, mount_id(within), deepest)


def _walk(within: int, mount: int, left: int) -> Iterator[tuple[str, int, os.stat_result]]:
    with os.scandir(within) as entries:
        for entry in entries:
            name = entry.name
            try:
                info = os.stat(name, dir_fd=within, follow_symlinks=False)
            except FileNotFoundError:  # removed in the meantime
                continue
            yield name, within, info
            if not stat.S_ISDIR(info.st_mode) or not left:
                continue
            try:
                inner = os.open(name, FOLDER_FLAGS, dir_fd=within)
            except OSError:
                continue
            try:
                if mount_id(inner) == mount:
                    yield from _walk(inner, mount, left - 1)
            finally:
                os.close(inner)


@contextmanager
def make_nested_folders(within: int, names: Sequence[str], ids: Ids, mode: int) -> Iterator[int]:
    """Create nested folders below an open one, and keep the innermost open.

    Owner and mode are set at the end.

    Until then only root can enter them.
    """
    if not names:
        yield within
        return
    os.mkdir(names[0], 0o700, dir_fd=within)
    with open_below(within, PurePath(names[0])) as made:
        with make_nested_folders(made, names[1:], ids, mode) as innermost:
            yield innermost
        if os.geteuid() == 0:
            os.fchown(made, *ids)
        os.fchmod(made, mode)


def write_file(name: str, content: bytes, within: int, mode: int) -> None:
    """Write a new file in an open folder, for the folder's owner.

    Raise FileExistsError if it exists.
    """
    handle = os.open(name, NEW_FILE_FLAGS, 0o600, dir_fd=within)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        if os.geteuid() == 0:
            owner = os.fstat(within)
            os.fchown(handle, owner.st_uid, owner.st_gid)
        os.fchmod(handle, mode)
    finally:
        os.close(handle)
