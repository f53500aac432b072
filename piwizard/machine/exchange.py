"""Two folders that change places in one step."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from piwizard.machine import files

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def exchange(one: Path, other: Path) -> None:
    """Let two paths of one folder change places: nobody ever finds one of them missing. OSError says why not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
    files.sync_folder(one.parent)
