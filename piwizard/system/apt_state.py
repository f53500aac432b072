"""Read apt's locks, and the options that it passes to dpkg."""

from __future__ import annotations

import fcntl
import os
import re
import struct
from pathlib import Path

from piwizard.system import files

LOCK_FILES = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
FLOCK = "hhqqi4x"
"""struct flock of Linux with 64-bit offsets: type, whence, start, length, pid."""
KEEP_SETTINGS_FILE = "/etc/apt/apt.conf.d/52piwizard-keep-settings"
"""The file with the options that let unattended-upgrades install a package although a settings file was edited."""
UPDATES_FILE = "/etc/apt/apt.conf.d/53piwizard-updates"
"""The settings of unattended-upgrades, while the step `updates` is set up."""
DECIDES = re.compile(r'"--force-conf(old|new)"')
COMMENT = re.compile(r"/\*.*?\*/|^\s*(?://|#)[^\n]*", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"[A-Za-z0-9_-]+(\.conf)?")
"""Matches the files in apt.conf.d that apt reads."""


def lock_holder() -> str | None:
    """Return the program that has one of the locks; None if all are free.

    The form is "apt-get (process 1234)".
    """
    for path in LOCK_FILES:
        pid = _holder_of(path)
        if pid:
            return f"{_name(pid)} (process {pid})"
    return None


def _holder_of(path: str) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    finally:
        os.close(handle)
    return pid if kind != fcntl.F_UNLCK else None


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "another program"


def others_decide_conffiles(apt: Path = Path("/etc/apt")) -> bool:
    """Return whether another file sets a policy for edited settings files.

    piwizard's policy would conflict with it.
    """
    folder = apt / "apt.conf.d"
    names = sorted(
        path for path in folder.glob("*") if NAME.fullmatch(path.name) and path.name != Path(KEEP_SETTINGS_FILE).name
    )
    texts = [files.read(path) or b"" for path in (*names, apt / "apt.conf") if path.is_file()]
    return any(DECIDES.search(COMMENT.sub("", text.decode("utf-8", "replace"))) for text in texts)
