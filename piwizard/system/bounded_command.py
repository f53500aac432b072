"""Run commands that download untrusted data, with limits on disk space and time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from piwizard.system import commands
from piwizard.system.commands import Result

MAX_SECONDS = 600
MAX_BYTES = 2 << 30
MAX_FILES = 200_000
MIN_FREE_BYTES = 64 << 20
"""Bytes that stay free on the disk, so that everything else keeps working."""
POLL_SECONDS = 0.02


def run(argv: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None) -> Result | None:
    """Run a command that writes into `folder`; None if it exceeded a limit.

    The limits apply to the free space of the disk, because counting a whole tree would take too long.
    """
    before = os.statvfs(folder)
    process = commands.start(argv, env=env, on_line=lambda stream, line: None)  # a server may send endless output
    until = time.monotonic() + MAX_SECONDS
    try:
        while _within(before, os.statvfs(folder)) and time.monotonic() < until:
            if not process.alive:
                return process.wait()
            time.sleep(POLL_SECONDS)
    except BaseException:
        process.end()
        raise
    process.end(grace=2.0)
    process.wait()
    return None


def _within(before: os.statvfs_result, now: os.statvfs_result) -> bool:
    written = before.f_bavail * before.f_frsize - now.f_bavail * now.f_frsize
    made = before.f_ffree - now.f_ffree
    return written <= MAX_BYTES and made <= MAX_FILES and now.f_bavail * now.f_frsize >= MIN_FREE_BYTES
