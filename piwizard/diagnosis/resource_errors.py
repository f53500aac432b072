"""A full disk or a lack of memory, as the app reports it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, RunCommand

FULL = re.compile(r"\[Errno (28|122)\]|database or disk is full|No space left on device")
NO_MEMORY = re.compile(r"\[Errno 12\]|Cannot allocate memory|can't start new thread")
MAKE_ROOM = (
    RunCommand("sudo apt-get clean"),
    RunCommand("sudo journalctl --vacuum-size=50M", "to free disk space"),
    RunCommand("sudo du -xh / | sort -h | tail -30", "to see what uses most of it"),
)
MORE_MEMORY = (
    Advice("Fewer workers use less memory: set gunicorn.workers = 1."),
    RunCommand("piwizard apply", "after that"),
    Advice("Check, too, whether the app reads something large as a whole. Swap helps for a time."),
)
DISK_FULL = ("disk-full", "Free disk space for the app")
OUT_OF_MEMORY = ("out-of-memory", "Enough memory for the app")
ROOM = 100 << 20


def resource_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding where a failure comes from a full disk or a lack of memory."""
    if FULL.search(failure.text) and _roomy(context.data):
        detail = f"there is free space again: {context.evidence(failure)}"
        return Finding(*DISK_FULL, True, detail, step="app", site=context.site)
    if FULL.search(failure.text):
        cause = f"The disk that holds {context.data} is full, so nothing more can be written."
        return context.finding(DISK_FULL, failure, cause, MAKE_ROOM)
    if failure.kind == "MemoryError" or NO_MEMORY.search(failure.text):
        cause = "The app needed more memory than is free, or than the service may use."
        return context.finding(OUT_OF_MEMORY, failure, cause, MORE_MEMORY)
    return None


def _roomy(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= ROOM
    except OSError:
        return False
