"""Folders and files handled through open descriptors: no link is followed, whoever may be altering the tree.

Root must never work by path in a tree that somebody else may write to: between a look and the act, a folder there can
become a link to any other. Everything here walks down from an open folder, one name at a time, with O_NOFOLLOW. This is
the only module that copies, removes or hands over trees; a test keeps it so.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import BinaryIO

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
CHUNK = 1 << 20
DEEPEST = 200
"""Folders within folders; what lies deeper was made to hold somebody up."""
Ids = tuple[int, int]
"""Numbers of a user and a group."""


@dataclass(frozen=True)
class Modes:
    """What a copy gets: owner, group, and the permission bits that are taken from the original."""

    ids: Ids
    allowed: int
    """Of the bits of the original these are kept; set-user-ID, set-group-ID and sticky never are."""
    folder: int = 0o700
    """Added to every folder, so that its owner can always enter it."""
    always: int = 0
    """Added to every file."""


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """Hold a folder open; OSError where it is a link, or no folder."""
    handle = os.open(path, FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def below(within: int, path: PurePath) -> Iterator[int]:
    """Hold open the folder `path` below an open folder, reached without following a link; OSError where one is met."""
    handle = os.dup(within)
    try:
        for part in path.parts:
            inner = os.open(part, FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def regular(name: str, within: int) -> BinaryIO | None:
    """Open a regular file of an open folder; None where it is a link, a pipe or anything else."""
    try:
        handle = os.open(name, FILE, dir_fd=within)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def read(root: Path, path: PurePath, limit: int) -> bytes | None:
    """Return at most `limit` bytes of a regular file below `root`; None where there is none, or a link on the way."""
    try:
        with folder(root) as top, below(top, path.parent) as parent:
            file = regular(path.name, parent)
            if file is None:
                return None
            with file:
                return file.read(limit)
    except OSError:
        return None


def exists(name: str, within: int) -> bool:
    """Whether an open folder has an entry of that name, be it a link that leads nowhere."""
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def mount_id(handle: int) -> int:
    """Return the number of the mount that an open file or folder lies on: a bind mount has the device of its origin."""
    found = re.search(r"^mnt_id:\s*(\d+)$", Path(f"/proc/self/fdinfo/{handle}").read_text(), re.M)
    if found is None:
        raise OSError(errno.ENOTSUP, "The kernel does not say where an open file lies")
    return int(found[1])


def walk(within: int, deepest: int = DEEPEST) -> Iterator[tuple[str, int, os.stat_result]]:
    """Give each entry below an open folder with the open folder that it is in.

    Nothing is given of what is mounted there, nor of what is nested deeper than `deepest` folders.
    """
    yield from _walk(within, mount_id(within), deepest)


def _walk(within: int, mount: int, left: int) -> Iterator[tuple[str, int, os.stat_result]]:
    for name in os.listdir(within):
        try:
            info = os.stat(name, dir_fd=within, follow_symlinks=False)
        except FileNotFoundError:  # somebody works there meanwhile
            continue
        yield name, within, info
        if not stat.S_ISDIR(info.st_mode) or not left:
            continue
        try:
            inner = os.open(name, FOLDER, dir_fd=within)
        except OSError:
            continue
        try:
            if mount_id(inner) == mount:
                yield from _walk(inner, mount, left - 1)
        finally:
            os.close(inner)


def folders_alone(source: int, target: int, modes: Modes, left: int = 8) -> None:
    """Make the folders of one open folder in another, without what is in them, and not deeper than `left` of them."""
    for name in os.listdir(source):
        try:
            inner = os.open(name, FOLDER, dir_fd=source)
        except OSError:
            continue
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            with below(target, PurePath(name)) as made:
                if left:
                    folders_alone(inner, made, modes, left - 1)
                _set(made, os.fstat(inner), modes)
        finally:
            os.close(inner)


def copy(source: int, target: int, modes: Modes, *, leave_out: frozenset[str] = frozenset(), depth: int = 0) -> None:
    """Copy what is in one open folder into another that is empty, and that nobody else can enter yet.

    Regular files become files of their own, also those with several names; symbolic links stay links, as text; pipes,
    sockets and devices are left out. Times are kept. `leave_out` names entries of the top folder. OSError (ELOOP) where
    folders are nested more than DEEPEST deep.
    """
    if depth > DEEPEST:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in sorted(os.listdir(source)):
        if name not in leave_out:
            _copy_entry(name, source, target, modes, depth)


def _copy_entry(name: str, source: int, target: int, modes: Modes, depth: int) -> None:
    try:
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
    except FileNotFoundError:  # the app works in its folder meanwhile
        return
    if stat.S_ISLNK(info.st_mode):
        with suppress(FileNotFoundError):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            os.chown(name, *modes.ids, dir_fd=target, follow_symlinks=False)
    elif stat.S_ISREG(info.st_mode):
        file = regular(name, source)
        if file is not None:
            with file:
                copy_file(file, name, target, modes)
    elif stat.S_ISDIR(info.st_mode):
        try:
            inner = os.open(name, FOLDER, dir_fd=source)
        except OSError:
            return
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            made = os.open(name, FOLDER, dir_fd=target)
            try:
                copy(inner, made, modes, depth=depth + 1)
                _set(made, os.fstat(inner), modes)
            finally:
                os.close(made)
        finally:
            os.close(inner)


@contextmanager
def new_folders(within: int, names: Sequence[str], ids: Ids, mode: int) -> Iterator[int]:
    """Make folders one in the other below an open one, and hold the innermost open. Owner and mode come at the end.

    Until then only root can enter them.
    """
    if not names:
        yield within
        return
    os.mkdir(names[0], 0o700, dir_fd=within)
    with below(within, PurePath(names[0])) as made:
        with new_folders(made, names[1:], ids, mode) as innermost:
            yield innermost
        if os.geteuid() == 0:
            os.fchown(made, *ids)
        os.fchmod(made, mode)


def copy_file(file: BinaryIO, name: str, target: int, modes: Modes) -> None:
    """Write the content of an open file as the new file `name` of an open folder. FileExistsError where it is there."""
    handle = os.open(name, NEW_FILE, 0o600, dir_fd=target)
    try:
        _transfer(file.fileno(), handle)
        _set(handle, os.fstat(file.fileno()), modes)
    finally:
        os.close(handle)


def _transfer(source: int, target: int) -> None:
    """Copy the content of an open file into an empty one. Holes stay holes: they could be larger than the disk."""
    size, begin = os.fstat(source).st_size, 0
    os.ftruncate(target, size)
    while begin < size:
        try:
            begin = os.lseek(source, begin, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = min(os.lseek(source, begin, os.SEEK_HOLE), size)
        while begin < end:
            begin += _some_bytes(source, target, begin, min(end - begin, CHUNK)) or end - begin


def _some_bytes(source: int, target: int, at: int, count: int) -> int:
    """Copy some bytes at one place of two open files; 0 where the file has become shorter meanwhile."""
    try:
        return os.copy_file_range(source, target, count, at, at)
    except OSError as error:  # not between these file systems
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            raise
        return os.pwrite(target, os.pread(source, count, at), at)


def _set(handle: int, like: os.stat_result, modes: Modes) -> None:
    """Give an open file or folder the owner, mode and times that a copy gets."""
    if os.geteuid() == 0:
        os.fchown(handle, *modes.ids)
    extra = modes.folder if stat.S_ISDIR(like.st_mode) else modes.always
    os.fchmod(handle, stat.S_IMODE(like.st_mode) & 0o777 & modes.allowed | extra)
    os.utime(handle, ns=(like.st_atime_ns, like.st_mtime_ns))


def write(name: str, content: bytes, within: int, mode: int) -> None:
    """Write the new file `name` of an open folder, for the folder's owner. FileExistsError where it is there."""
    handle = os.open(name, NEW_FILE, 0o600, dir_fd=within)
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


def take_changes(source: int, target: int, modes: Modes, *, depth: int = 0) -> None:
    """Copy the regular files of one open folder into another that is root's alone, where they are new or differ.

    For what a command has made in a copy of a tree. A link in either of them is left alone, and so is what git keeps.
    """
    if depth > DEEPEST:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in sorted(os.listdir(source)):
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        if name == ".git" or not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            continue
        there = os.stat(name, dir_fd=target, follow_symlinks=False) if exists(name, target) else None
        if there is not None and stat.S_IFMT(there.st_mode) != stat.S_IFMT(info.st_mode):
            continue
        if stat.S_ISDIR(info.st_mode):
            if there is None:
                os.mkdir(name, 0o700, dir_fd=target)
            with below(source, PurePath(name)) as inner, below(target, PurePath(name)) as outer:
                take_changes(inner, outer, modes, depth=depth + 1)
                if there is None:
                    _set(outer, os.fstat(inner), modes)
        elif there is None or (there.st_size, there.st_mtime_ns) != (info.st_size, info.st_mtime_ns):
            file = regular(name, source)
            if file is not None:
                with file:
                    new = f".{name}.piwizard-new"
                    if exists(new, target):
                        os.unlink(new, dir_fd=target)
                    copy_file(file, new, target, modes)
                os.rename(new, name, src_dir_fd=target, dst_dir_fd=target)


def hand_over(within: int, ids: Ids, mode: int) -> None:
    """Give a tree that is root's alone an owner, and take the bits that are not in `mode` from what is in it.

    A file with several names is given a content of its own first: its other name may be somebody's own file. What is
    mounted there is left alone.
    """
    _hand_over(within, ids, mode, mount_id(within), 0)


def _hand_over(within: int, ids: Ids, mode: int, mount: int, depth: int) -> None:
    if depth > DEEPEST:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in os.listdir(within):
        info = os.stat(name, dir_fd=within, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            with below(within, PurePath(name)) as inner:
                if mount_id(inner) == mount:
                    _hand_over(inner, ids, mode, mount, depth + 1)
        elif stat.S_ISREG(info.st_mode):
            if info.st_nlink > 1:
                _unshare(name, within)
            file = regular(name, within)
            if file is not None:
                with file:
                    _give(file.fileno(), ids, mode)
        elif stat.S_ISLNK(info.st_mode) and os.geteuid() == 0:
            os.chown(name, *ids, dir_fd=within, follow_symlinks=False)
    _give(within, ids, mode)


def _unshare(name: str, within: int) -> None:
    """Replace a file that has other names by a copy that has none."""
    file = regular(name, within)
    if file is None:
        return
    with file:
        new = f".{name}.piwizard-new"
        copy_file(file, new, within, Modes(ids=(os.geteuid(), os.getegid()), allowed=0o777))
    os.rename(new, name, src_dir_fd=within, dst_dir_fd=within)


def _give(handle: int, ids: Ids, mode: int) -> None:
    if os.geteuid() == 0:
        os.fchown(handle, *ids)
    bits = stat.S_IMODE(os.fstat(handle).st_mode)
    # Who may read may also enter a folder: a repository's files have no other modes.
    os.fchmod(handle, bits & 0o700 & mode | (bits & 0o500) >> 3 & mode | (bits & 0o500) >> 6 & mode)


def remove(name: str, within: int) -> None:
    """Remove an entry of an open folder, with all that is in it. Follows no link.

    OSError (EBUSY) where something is mounted in it, a folder of the same disk too: it belongs to whoever mounted it.
    """
    _require_unmounted(name, within)
    try:
        handle = _own(name, within)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=within)
        return
    try:
        while entries := _some(handle):
            for entry, is_folder in entries:
                _flatten(entry, handle) if is_folder else os.unlink(entry, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=within)


def _flatten(name: str, top: int) -> None:
    """Remove a folder of the open one; those in it become folders of that one, with names that nobody can foresee.

    So two of them are open at any time, however deep they are nested.
    """
    handle = _own(name, top)
    try:
        while entries := _some(handle):
            for entry, is_folder in entries:
                if is_folder:
                    _lift(entry, handle, top)
                else:
                    os.unlink(entry, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=top)


def _lift(name: str, within: int, top: int) -> None:
    try:
        os.rename(name, secrets.token_hex(16), src_dir_fd=within, dst_dir_fd=top)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _flatten(name, within)  # on an overlay, a folder of what lies below cannot be renamed


def _own(name: str, within: int) -> int:
    """Open a folder that nobody else can put anything into any more, whoever still has it open."""
    handle = os.open(name, FOLDER, dir_fd=within)
    try:
        os.fchown(handle, os.geteuid(), os.getegid())
        os.fchmod(handle, 0o700)
    except OSError:
        os.close(handle)
        raise
    return handle


def _some(handle: int) -> list[tuple[str, bool]]:
    """The first names of an open folder, each with whether it is a folder."""
    with os.scandir(handle) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, 1000)]


def _require_unmounted(name: str, within: int) -> None:
    try:
        handle = os.open(name, FOLDER, dir_fd=within)
    except OSError:  # no folder
        return
    try:
        mounts = {mount_id(within), mount_id(handle)}
        for inner, folder, info in walk(handle):
            if stat.S_ISDIR(info.st_mode):
                with suppress(OSError), below(folder, PurePath(inner)) as found:
                    mounts.add(mount_id(found))
    finally:
        os.close(handle)
    if len(mounts) > 1:
        raise OSError(errno.EBUSY, "Something is mounted there, so nothing was removed", name)
