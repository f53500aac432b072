"""Explain a full disk or a lack of memory."""

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
FREE_DISK_SPACE = (
    RunCommand("sudo apt-get clean"),
    RunCommand("sudo journalctl --vacuum-size=50M", "to free disk space"),
    RunCommand("sudo du -xh / | sort -h | tail -30", "to see what uses most of it"),
)
REDUCE_MEMORY = (
    Advice("Fewer workers use less memory: set gunicorn.workers = 1."),
    RunCommand("piwizard apply", "after that"),
    Advice("Also check that the app does not load large files as a whole. Swap helps for a while."),
)
DISK_FULL = ("disk-full", "Free disk space for the app")
OUT_OF_MEMORY = ("out-of-memory", "Enough memory for the app")
MIN_FREE_BYTES = 100 << 20


def resource_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if the disk is full or memory is used up."""
    if FULL.search(failure.text) and _has_space(context.data):
        detail = f"there is free space again: {context.evidence(failure)}"
        return Finding(*DISK_FULL, True, detail, step="app", site=context.site)
    if FULL.search(failure.text):
        cause = f"The disk with {context.data} is full, so nothing more can be written."
        return context.finding(DISK_FULL, failure, cause, FREE_DISK_SPACE)
    if failure.kind == "MemoryError" or NO_MEMORY.search(failure.text):
        cause = "The app needed more memory than is free, or than the service is allowed to use."
        return context.finding(OUT_OF_MEMORY, failure, cause, REDUCE_MEMORY)
    return None


def _has_space(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= MIN_FREE_BYTES
    except OSError:
        return False
