"""The disk is full, or the memory is used up, as the app tells it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure

FULL = re.compile(r"\[Errno (28|122)\]|database or disk is full|No space left on device")
NO_MEMORY = re.compile(r"\[Errno 12\]|Cannot allocate memory|can't start new thread")
MAKE_ROOM = (
    "`sudo apt-get clean` and `sudo journalctl --vacuum-size=50M` make room; `sudo du -xh / | sort -h | tail -30` "
    "shows what takes most."
)
MORE_MEMORY = (
    "Fewer workers need less: gunicorn.workers = 1 in the answers, then `piwizard apply`. Look, too, whether the app "
    "reads something large whole; swap helps for a time."
)
ROOM = 100 << 20


def look(failure: Failure, patient: Patient) -> Finding | None:
    """A failure for want of room."""
    if FULL.search(failure.message) and _roomy(patient.data):
        return Finding("disk full", "app", patient.site, True, f"there is room again: {patient.evidence(failure)}")
    if FULL.search(failure.message):
        cause = f"The disk that holds {patient.data} has no room left, so nothing more can be written."
        return patient.finding("disk full", failure, cause, MAKE_ROOM)
    if failure.kind == "MemoryError" or NO_MEMORY.search(failure.message):
        cause = "The app wanted more memory than there is, or than the service may take."
        return patient.finding("out of memory", failure, cause, MORE_MEMORY)
    return None


def _roomy(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= ROOM
    except OSError:
        return False
