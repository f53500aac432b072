"""Commands that fetch what a stranger sends: ended where it takes more of the disk, or of the time, than it may."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from piwizard.system import commands
from piwizard.system.commands import Result

MOST_SECONDS = 600
MOST_BYTES = 2 << 30
MOST_FILES = 200_000
LEAST_LEFT = 64 << 20
"""Bytes that stay free on the disk, so that everything else goes on."""
PAUSE = 0.02


def run(argv: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None) -> Result | None:
    """Run a command that writes into `folder`, and return its result; None where it was ended for one of the limits.

    What it writes is measured by what the disk has left, since a whole tree would take too long to be counted.
    """
    before = os.statvfs(folder)
    process = commands.start(argv, env=env, on_line=lambda stream, line: None)  # a server may talk without end
    until = time.monotonic() + MOST_SECONDS
    try:
        while _within(before, os.statvfs(folder)) and time.monotonic() < until:
            if not process.alive:
                return process.wait()
            time.sleep(PAUSE)
    except BaseException:
        process.end()
        raise
    process.end(grace=2.0)
    process.wait()
    return None


def _within(before: os.statvfs_result, now: os.statvfs_result) -> bool:
    written = before.f_bavail * before.f_frsize - now.f_bavail * now.f_frsize
    made = before.f_ffree - now.f_ffree
    return written <= MOST_BYTES and made <= MOST_FILES and now.f_bavail * now.f_frsize >= LEAST_LEFT
