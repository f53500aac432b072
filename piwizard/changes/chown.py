"""Files in an app's own folder that somebody else made, with sudo perhaps: found, and given back to the app."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePath

from piwizard.system import safe_open
from piwizard.system.files import Owner

MOST = 2000
"""Looked at, so that a folder of a million pictures does not hold up every plan."""


def of_others(data: Path, path: str, user: str) -> bool:
    """Whether something at or below `data`/`path` belongs to somebody else than `user`."""
    return any(True for _ in islice(_theirs(data, path, user, MOST), 1))


def give_back(data: Path, path: str, user: str) -> None:
    """Makes `user` the owner of the files and folders at and below `data`/`path`.

    The app may rename what it owns at any moment: each is opened without following a link, and what is open gets the
    owner. What has a second name (a hard link to a file elsewhere) or is mounted there is left alone.
    """
    ids = Owner(user, user).ids()
    for handle in _theirs(data, path, user, None):
        os.fchown(handle, *ids)


def _theirs(data: Path, path: str, user: str, most: int | None) -> Iterator[int]:
    """Open files and folders that are not the user's; each is closed before the next."""
    try:
        mine = Owner(user, user).ids()[0]
        with safe_open.open_folder(data) as top, safe_open.open_below(top, PurePath(path).parent) as parent:
            mount = safe_open.mount_id(top)
            for name, folder in islice(_all(PurePath(path).name, parent), most):
                try:
                    handle = os.open(name, safe_open.FILE_FLAGS, dir_fd=folder)
                except OSError:  # a link, a socket, or gone meanwhile
                    continue
                try:
                    if safe_open.mount_id(handle) == mount and _of_another(handle, mine):
                        yield handle
                finally:
                    os.close(handle)
    except (KeyError, OSError):  # no such user or path yet, or one that is being altered: nothing to give back
        return


def _all(name: str, parent: int) -> Iterator[tuple[str, int]]:
    """Names with the open folder that they are in."""
    yield name, parent
    with suppress(NotADirectoryError), safe_open.open_below(parent, PurePath(name)) as top:
        if safe_open.mount_id(top) == safe_open.mount_id(parent):
            yield from ((inner, folder) for inner, folder, _ in safe_open.walk(top))


def _of_another(handle: int, mine: int) -> bool:
    info = os.fstat(handle)
    if stat.S_ISDIR(info.st_mode):
        return info.st_uid != mine
    return stat.S_ISREG(info.st_mode) and info.st_uid != mine and info.st_nlink == 1
