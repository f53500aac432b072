"""Describe the owner of a file that an app cannot write."""

from __future__ import annotations

import grp
import pwd
import stat
from pathlib import Path

MADE_BY_ROOT = "Perhaps it was created with sudo."


def describe_owner(path: Path) -> str:
    """Return the owner of a file as text.

    For a missing file, it is the owner of the folder that would contain it.
    """
    try:
        info = path.stat()
    except OSError:
        return f"would be new in a folder that {describe_owner(path.parent)}"
    return f"belongs to {_name(info.st_uid)}:{_group(info.st_gid)} ({stat.filemode(info.st_mode)})"


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
