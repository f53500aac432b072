"""List and read files that an app may change meanwhile.

Needs only the standard library: it is a part of data_archive.py.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAX_DEPTH = 200
SPARSE_BYTES = 1 << 30
"""A larger file that is mostly holes is skipped: its zeros could exceed every disk."""


def list_entries(
    folder: Path, leave_out: frozenset[Path], depth: int = 0
) -> Iterator[tuple[Path, os.stat_result | None]]:
    """Yield what is below a folder; None stands for what cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:  # removed meanwhile, or this machine has none
        return
    except OSError:
        if not depth:  # then nothing of it can be read
            raise
        yield folder, None
        return
    for name in names:
        path = folder / name
        if path in leave_out:
            continue
        try:
            info = path.lstat()
        except FileNotFoundError:
            continue
        except OSError:
            yield path, None
            continue
        yield path, info
        if stat.S_ISDIR(info.st_mode):
            if depth < MAX_DEPTH:
                yield from list_entries(path, leave_out, depth + 1)
            else:
                yield path, None


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file without following a link or waiting for a pipe.

    OSError if it is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return os.fdopen(handle, "rb", buffering=0)


class PaddedFile:
    """A file of which exactly `size` bytes are read.

    It may become shorter or longer meanwhile. `failed`: the disk could not read it. The archive's other files are not
    lost with it.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left, self.failed = file, size, False

    def read(self, size: int) -> bytes:
        """Return the next bytes, zeros for those that are missing."""
        wanted = min(size, self._left)
        self._left -= wanted
        found = b""
        while len(found) < wanted:
            found += self._more(wanted - len(found)) or bytes(wanted - len(found))
        return found

    def _more(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError:
            self.failed = True
            return b""


def read_exactly(file: IO[bytes], size: int) -> bytes:
    """Return so many bytes of a file, zeros for those that are missing."""
    content = b""
    while len(content) < size and (piece := file.read(size - len(content))):
        content += piece
    return content.ljust(size, b"\0")


def is_mostly_holes(info: os.stat_result) -> bool:
    """Return whether a large file has hardly any content."""
    return info.st_size > SPARSE_BYTES and info.st_blocks * 512 < info.st_size // 4


def is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether a file was not written between two calls of stat."""
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )
