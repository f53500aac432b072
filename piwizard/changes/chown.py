"""Change the owner of files in an app's folder that another user created.

Such files are created with sudo, for example.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePath

from piwizard.system import safe_open
from piwizard.system.files import Owner

MOST_CHECKED = 2000
"""Files that a plan checks, so that a folder with a million pictures does not slow down every plan."""


def of_others(data: Path, path: str, user: str) -> bool:
    """Check for files of other users than `user` at or below `data`/`path`."""
    return any(True for _ in islice(_theirs(data, path, user, MOST_CHECKED), 1))


def give_back(data: Path, path: str, user: str) -> None:
    """Make `user` the owner of the files and folders at and below `data`/`path`.

    The app may rename its files at any moment, so each file is opened without following links, and the open file gets
    the owner. Files with a second name (hard links to files elsewhere) and mounted folders are left alone.
    """
    ids = Owner(user, user).ids()
    for handle in _theirs(data, path, user, None):
        os.fchown(handle, *ids)


def _theirs(data: Path, path: str, user: str, most: int | None) -> Iterator[int]:
    """Yield open files and folders of other users.

    Each is closed before the next one is opened.
    """
    try:
        mine = Owner(user, user).ids()[0]
        with safe_open.open_folder(data) as top, safe_open.open_below(top, PurePath(path).parent) as parent:
            mount = safe_open.mount_id(top)
            for name, folder in islice(_all(PurePath(path).name, parent), most):
                try:
                    handle = os.open(name, safe_open.FILE_FLAGS, dir_fd=folder)
                except OSError:  # a link, a socket, or removed meanwhile
                    continue
                try:
                    if safe_open.mount_id(handle) == mount and _of_another(handle, mine):
                        yield handle
                finally:
                    os.close(handle)
    except (KeyError, OSError):  # the user or the path does not exist yet, or it is being changed: nothing to do
        return


def _all(name: str, parent: int) -> Iterator[tuple[str, int]]:
    """Yield names, each with the open folder that contains it."""
    yield name, parent
    with suppress(NotADirectoryError), safe_open.open_below(parent, PurePath(name)) as top:
        if safe_open.mount_id(top) == safe_open.mount_id(parent):
            yield from ((inner, folder) for inner, folder, _ in safe_open.walk(top))


def _of_another(handle: int, mine: int) -> bool:
    info = os.fstat(handle)
    if stat.S_ISDIR(info.st_mode):
        return info.st_uid != mine
    return stat.S_ISREG(info.st_mode) and info.st_uid != mine and info.st_nlink == 1
