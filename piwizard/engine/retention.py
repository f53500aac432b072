"""The records of runs that are long past, removed so that they do not fill the card."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from piwizard.system import files

MOST_RUNS = 50
MOST_BYTES = 200 << 20


def prune(logs: Path, needed: Collection[str], *, runs: int = MOST_RUNS, size: int = MOST_BYTES) -> None:
    """Of the folders in `logs`, whose names begin with the time, the newest `runs` stay, as far as they fit in `size`
    bytes; and all that are `needed`."""
    if not logs.is_dir():
        return
    taken = 0
    for number, folder in enumerate(sorted((one for one in logs.iterdir() if one.is_dir()), reverse=True)):
        taken += sum(file.stat().st_size for file in folder.iterdir())
        if (number >= runs or taken > size) and folder.name not in needed:
            files.remove(folder)
