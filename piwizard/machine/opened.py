"""Folders and files opened so that no link leads elsewhere: for root among what a stranger may be altering."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """A folder, held open; OSError where it is a link or none."""
    handle = os.open(path, FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


def regular(name: str, within: int) -> BinaryIO | None:
    """A regular file of an open folder; None where it is a link, a pipe or anything else."""
    try:
        handle = os.open(name, FILE, dir_fd=within)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def close_to_others(path: Path) -> None:
    """Takes from everybody but the owner to write, and from strangers all, in a folder and below.

    chmod(1) would follow a link that is put in the place of a file at the right moment.
    """
    for _, _, names, within in os.fwalk(path, follow_symlinks=False):
        _close(within)
        for name in names:
            if file := regular(name, within):
                with file:
                    _close(file.fileno())


def _close(handle: int) -> None:
    os.fchmod(handle, stat.S_IMODE(os.fstat(handle).st_mode) & ~0o027)
