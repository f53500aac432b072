"""Change the owner and permissions of whole trees.

Files that also have a name elsewhere are not touched.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import PurePath

from piwizard.system.safe_open import MAX_DEPTH, Ids, mount_id, open_below, open_file, temporary_name, walk
from piwizard.system.tree_copy import Modes, copy_file


def change_owner(within: int, ids: Ids, mode: int) -> None:
    """Change the owner of a tree that belongs to root, and limit its permissions.

    Permission bits that are not in `mode` are removed.

    A file with several names is copied first: another name may be a user's own file. Mounted file systems are not
    touched.
    """
    _hand_over(within, ids, mode, mount_id(within), 0)


def share_with_group(within: int, group: int) -> None:
    """Give a group the owner's permissions for everything below a folder of root.

    Nobody else may write there meanwhile.
    """
    for name, folder, info in walk(within):
        if stat.S_ISDIR(info.st_mode) or stat.S_ISREG(info.st_mode):
            os.chown(name, 0, group, dir_fd=folder, follow_symlinks=False)
            os.chmod(name, info.st_mode & 0o700 | (info.st_mode & 0o700) >> 3, dir_fd=folder)


def _hand_over(within: int, ids: Ids, mode: int, mount: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise OSError(errno.ELOOP, "Folders are nested too deeply")
    for name in os.listdir(within):
        info = os.stat(name, dir_fd=within, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            with open_below(within, PurePath(name)) as inner:
                if mount_id(inner) == mount:
                    _hand_over(inner, ids, mode, mount, depth + 1)
        elif stat.S_ISREG(info.st_mode):
            if info.st_nlink > 1:
                _unshare(name, within)
            file = open_file(name, within)
            if file is not None:
                with file:
                    _give(file.fileno(), ids, mode)
        elif stat.S_ISLNK(info.st_mode) and os.geteuid() == 0:
            os.chown(name, *ids, dir_fd=within, follow_symlinks=False)
    _give(within, ids, mode)


def _unshare(name: str, within: int) -> None:
    """Replace a file that has other names with a copy that has none."""
    file = open_file(name, within)
    if file is None:
        return
    with file:
        new = temporary_name(name)
        copy_file(file, new, within, Modes(ids=(os.geteuid(), os.getegid()), allowed=0o777))
    os.rename(new, name, src_dir_fd=within, dst_dir_fd=within)


def _give(handle: int, ids: Ids, mode: int) -> None:
    if os.geteuid() == 0:
        os.fchown(handle, *ids)
    bits = stat.S_IMODE(os.fstat(handle).st_mode)
    # Read permission includes entering a folder: a repository's files have no other modes.
    os.fchmod(handle, bits & 0o700 & mode | (bits & 0o500) >> 3 & mode | (bits & 0o500) >> 6 & mode)
