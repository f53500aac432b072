"""Files in an app's own folder that somebody else made, with sudo perhaps: found, and given back to the app."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePath

from piwizard.machine.files import Owner

MOST = 2000
"""Looked at, so that a folder of a million pictures does not hold up every plan."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def of_others(data: Path, path: str, user: str) -> bool:
    """Whether something at or below `data`/`path` belongs to somebody else than `user`."""
    return any(True for _ in islice(_theirs(data, path, user, MOST), 1))


def give_back(data: Path, path: str, user: str) -> None:
    """Makes `user` the owner of everything at and below `data`/`path`.

    The app may rename what it owns at any moment: no link is followed on the way, and what has a second name
    (a hard link to a file elsewhere) is left alone.
    """
    ids = Owner(user, user).ids()
    for name, folder in _theirs(data, path, user, None):
        os.chown(name, *ids, dir_fd=folder, follow_symlinks=False)


def _theirs(data: Path, path: str, user: str, most: int | None) -> Iterator[tuple[str, int]]:
    """Names with the open folder that they are in."""
    try:
        mine = Owner(user, user).ids()[0]
        with _opened(data, PurePath(path).parent) as parent:
            found = islice(_all(PurePath(path).name, parent), most)
            yield from ((name, folder) for name, folder in found if _of_another(name, folder, mine))
    except (KeyError, OSError):  # no such user or path yet, or one that is being altered: nothing to give back
        return


def _all(name: str, parent: int) -> Iterator[tuple[str, int]]:
    yield name, parent
    for _, folders, files, folder in os.fwalk(name, dir_fd=parent, follow_symlinks=False):
        yield from ((inner, folder) for inner in (*folders, *files))


def _of_another(name: str, folder: int, mine: int) -> bool:
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    linked = info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode)
    return info.st_uid != mine and not linked


@contextmanager
def _opened(data: Path, below: PurePath) -> Iterator[int]:
    """The folder `below` of `data`, reached without following any link."""
    handle = os.open(data, FOLDER)
    try:
        for part in below.parts:
            inner = os.open(part, FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)
