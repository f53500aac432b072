"""Cache what is made once, for all processes; remove what is outdated."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TOO_OLD = 14 * 24 * 3600  # the archive drops old versions, and the package lists in an image get outdated

_held: list[int] = []


def cache_folder() -> Path:
    """Return the folder for images, layers, packages and the machines in use."""
    named = os.environ.get("PIWIZARD_LAB")
    return Path(named) if named else Path.home() / ".cache" / "piwizard-lab"


def cached(kind: str, family: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` fills by a recipe, from the cache or made now.

    Other processes that need it wait. Unused folders of the same family by older recipes are removed.
    """
    shelf = cache_folder() / kind
    folder = shelf / f"{family}.{recipe}"
    with locked(shelf / f"{family}.lock"):
        for old in shelf.glob(f"{family}.{'[0-9a-f]' * len(recipe)}"):
            _remove_unused(old, unless=old == folder and time.time() - old.stat().st_mtime < TOO_OLD)
        if not folder.is_dir():
            building = shelf / f"{folder.name}.building"
            shutil.rmtree(building, ignore_errors=True)
            make(building)
            os.utime(building)
            building.rename(folder)
        _held.append(_lock(folder, fcntl.LOCK_SH))
    return folder


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a file's lock: one process at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _remove_unused(folder: Path, *, unless: bool) -> None:
    if unless or not folder.is_dir():
        return
    try:
        lock = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    shutil.rmtree(folder)
    os.close(lock)


def _lock(folder: Path, kind: int) -> int:
    """Lock the folder until this process ends."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, kind)
    except BlockingIOError:
        os.close(opened)
        raise
    return opened
