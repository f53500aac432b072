"""The background job that generates Diffie-Hellman parameters: piwizard-dhparam.service and its files.

openssl prints a dot for each number that it tries. The unit writes these dots to a file in /run, which is the progress.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from piwizard.system import files, openssl_dhparam, paths
from piwizard.system.background_job import BackgroundJob, JobProgress

UNIT = "piwizard-dhparam.service"
PROGRESS = Path("/run/piwizard-dhparam.progress")
HEADING = re.compile(rb"(\d+) bit")
"""openssl's first line: "Generating DH parameters, 2048 bit long safe prime"."""


def folder() -> Path:
    """Return the folder that the unit writes to; /var/lib/piwizard/dhparam for root."""
    return paths.state_dir() / "dhparam"


def partial() -> Path:
    """Return the file that openssl writes to. It exists while the generation is wanted and not finished."""
    return folder() / "partial.pem"


def generated() -> Path:
    """Return the file with the whole parameters, as the unit leaves it for the run that puts them in place."""
    return folder() / "generated.pem"


def progress() -> JobProgress:
    """Read how far openssl is. Each number that it tries fits with the same chance, so the time is a matter of luck."""
    if generated().exists():
        return JobProgress(100, "generated, waiting to be put in place")
    printed = files.read(PROGRESS) or b""
    tried, heading = printed.count(b"."), HEADING.search(printed)
    if not tried or heading is None:
        return JobProgress(0, "generating, 0 %")
    share = tried / openssl_dhparam.candidates(int(heading[1]))
    try:
        seconds = max(1.0, time.time() - partial().stat().st_mtime)  # openssl writes it at its end
    except FileNotFoundError:
        seconds = 1.0
    spent, usual = openssl_dhparam.duration(seconds), openssl_dhparam.duration(seconds / share)
    if share >= 1:
        return JobProgress(99, f"generating, 99 %: {spent} so far, longer than the usual {usual}")
    percent = min(99, int(share * 100))
    return JobProgress(percent, f"generating, {percent} %: {spent} so far, usually {usual} on this board")


def clean() -> None:
    """Remove all files of the unit."""
    files.remove(folder())
    PROGRESS.unlink(missing_ok=True)


JOB = BackgroundJob(UNIT, "The generation of DH parameters", progress, partial)
