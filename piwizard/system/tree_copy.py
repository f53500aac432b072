"""Copy whole trees, or the changes in them.

The copies contain no special files, and no shared inodes except those of `link_tree`.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import PurePath
from typing import BinaryIO

from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.safe_open import (
    FOLDER_FLAGS,
    MAX_DEPTH,
    NEW_FILE_FLAGS,
    Ids,
    entry_exists,
    open_below,
    open_file,
    temporary_name,
)  # fmt: skip

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Modes:
    """The owner, group and permission bits of a copy."""

    ids: Ids
    allowed: int
    """The bits of the original that are kept. Set-user-ID, set-group-ID and sticky never are."""
    folder: int = 0o700
    """Added to every folder, so that its owner can always enter it."""
    always: int = 0
    """Added to every file."""


def copy_tree(source: int, target: int, modes: Modes, *, depth: int = 0) -> None:
    """Copy the content of an open folder into another one that is empty.

    Only root can enter the other one.

    Regular files with several names become separate files; symbolic links are copied as text; pipes, sockets and
    devices are skipped. Times are kept. Raise OSError (ELOOP) if folders are nested more than MAX_DEPTH deep.
    """
    if depth > MAX_DEPTH:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in sorted(os.listdir(source)):
        _copy_entry(name, source, target, modes, depth)


def _copy_entry(name: str, source: int, target: int, modes: Modes, depth: int) -> None:
    try:
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
    except FileNotFoundError:  # the app removed it in the meantime
        return
    if stat.S_ISLNK(info.st_mode):
        with suppress(FileNotFoundError):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            os.chown(name, *modes.ids, dir_fd=target, follow_symlinks=False)
    elif stat.S_ISREG(info.st_mode):
        file = open_file(name, source)
        if file is not None:
            with file:
                copy_file(file, name, target, modes)
    elif stat.S_ISDIR(info.st_mode):
        try:
            inner = os.open(name, FOLDER_FLAGS, dir_fd=source)
        except OSError:
            return
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            made = os.open(name, FOLDER_FLAGS, dir_fd=target)
            try:
                copy_tree(inner, made, modes, depth=depth + 1)
                _set(made, os.fstat(inner), modes)
            finally:
                os.close(made)
        finally:
            os.close(inner)


def link_tree(source: int, target: int, *, depth: int = 0) -> None:
    """Give all files of an open folder second names in another one that is empty.

    Folders are copied. Both belong to root. Owners, modes and times stay. Raise OSError if the file system has no
    second names (EPERM).
    """
    if depth > MAX_DEPTH:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in sorted(os.listdir(source)):
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            os.mkdir(name, 0o700, dir_fd=target)
            with open_below(source, PurePath(name)) as inner, open_below(target, PurePath(name)) as made:
                link_tree(inner, made, depth=depth + 1)
                _set(made, info, Modes((info.st_uid, info.st_gid), 0o777, folder=0))
        elif stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
            os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)


def copy_folders(source: int, target: int, modes: Modes, left: int = 8) -> None:
    """Create the folders of one open folder in another, without files.

    At most `left` levels below the first are created.
    """
    for name in os.listdir(source):
        try:
            inner = os.open(name, FOLDER_FLAGS, dir_fd=source)
        except OSError:
            continue
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            with open_below(target, PurePath(name)) as made:
                if left:
                    copy_folders(inner, made, modes, left - 1)
                _set(made, os.fstat(inner), modes)
        finally:
            os.close(inner)


def copy_changes(source: int, target: int, modes: Modes, *, depth: int = 0) -> None:
    """Copy new and changed regular files from one open folder into another.

    The other one belongs to root.

    For the results of a command in a copy of a tree. Links in either of them and git's files are not touched.
    """
    if depth > MAX_DEPTH:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in sorted(os.listdir(source)):
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        if name == ".git" or not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            continue
        there = os.stat(name, dir_fd=target, follow_symlinks=False) if entry_exists(name, target) else None
        if there is not None and stat.S_IFMT(there.st_mode) != stat.S_IFMT(info.st_mode):
            continue
        if stat.S_ISDIR(info.st_mode):
            if there is None:
                os.mkdir(name, 0o700, dir_fd=target)
            with open_below(source, PurePath(name)) as inner, open_below(target, PurePath(name)) as outer:
                copy_changes(inner, outer, modes, depth=depth + 1)
                if there is None:
                    _set(outer, os.fstat(inner), modes)
        elif there is None or (there.st_size, there.st_mtime_ns) != (info.st_size, info.st_mtime_ns):
            file = open_file(name, source)
            if file is not None:
                with file:
                    new = temporary_name(name)
                    if entry_exists(new, target):
                        os.unlink(new, dir_fd=target)
                    copy_file(file, new, target, modes)
                os.rename(new, name, src_dir_fd=target, dst_dir_fd=target)


def copy_file(file: BinaryIO, name: str, target: int, modes: Modes) -> None:
    """Write the content of an open file as a new file in an open folder.

    Raise FileExistsError if it exists.
    """
    handle = os.open(name, NEW_FILE_FLAGS, 0o600, dir_fd=target)
    try:
        _transfer(file.fileno(), handle)
        _set(handle, os.fstat(file.fileno()), modes)
    finally:
        os.close(handle)


def _transfer(source: int, target: int) -> None:
    """Copy the content of an open file into an empty one. Keep holes: they could be larger than the disk."""
    size, begin = os.fstat(source).st_size, 0
    os.ftruncate(target, size)
    while begin < size:
        try:
            begin = os.lseek(source, begin, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            raise
        end = min(os.lseek(source, begin, os.SEEK_HOLE), size)
        while begin < end:
            begin += _some_bytes(source, target, begin, min(end - begin, CHUNK_BYTES)) or end - begin


def _some_bytes(source: int, target: int, at: int, count: int) -> int:
    """Copy some bytes at one position of two open files; return 0 if the file has become shorter."""
    try:
        return os.copy_file_range(source, target, count, at, at)
    except OSError as error:  # not supported between these file systems
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            raise
        return os.pwrite(target, os.pread(source, count, at), at)


def _set(handle: int, like: os.stat_result, modes: Modes) -> None:
    """Set the owner, mode and times of a copy."""
    if os.geteuid() == 0:
        os.fchown(handle, *modes.ids)
    extra = modes.folder if stat.S_ISDIR(like.st_mode) else modes.always
    os.fchmod(handle, stat.S_IMODE(like.st_mode) & 0o777 & modes.allowed | extra)
    os.utime(handle, ns=(like.st_atime_ns, like.st_mtime_ns))
