"""Remove whole trees, however deep, without following links or crossing mounts."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from itertools import islice
from pathlib import PurePath

from piwizard.system.safe_open import FOLDER_FLAGS, mount_id, open_below, walk


def remove_tree(name: str, within: int) -> None:
    """Remove an entry of an open folder with all its content. Follow no link.

    Raise OSError (EBUSY) if anything is mounted in it, even a folder of the same disk: piwizard did not put it there.
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
    """Remove a folder of the open one. Its subfolders move up into that one, under unpredictable names.

    So only two folders are open at a time, however deep the tree is.
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
        _flatten(name, within)  # on an overlay, folders of the lower layer cannot be renamed


def _own(name: str, within: int) -> int:
    """Open a folder and take it over, so that no other user can add entries, even with an open handle."""
    handle = os.open(name, FOLDER_FLAGS, dir_fd=within)
    try:
        os.fchown(handle, os.geteuid(), os.getegid())
        os.fchmod(handle, 0o700)
    except OSError:
        os.close(handle)
        raise
    return handle


def _some(handle: int) -> list[tuple[str, bool]]:
    """Return the first entries of an open folder: names, and whether they are folders."""
    with os.scandir(handle) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, 1000)]


def _require_unmounted(name: str, within: int) -> None:
    try:
        handle = os.open(name, FOLDER_FLAGS, dir_fd=within)
    except OSError:  # no folder
        return
    try:
        mounts = {mount_id(within), mount_id(handle)}
        for inner, folder, info in walk(handle):
            if stat.S_ISDIR(info.st_mode):
                with suppress(OSError), open_below(folder, PurePath(inner)) as found:
                    mounts.add(mount_id(found))
    finally:
        os.close(handle)
    if len(mounts) > 1:
        raise OSError(errno.EBUSY, "Something is mounted there, so nothing was removed", name)
