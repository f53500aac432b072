"""Measure the folders that grow, and name those that are unusually large.

docs/housekeeping.md says for each of them what limits it.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from piwizard.diagnosis.findings import Finding
from piwizard.system import paths, safe_open
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import Advice, Fix, RunCommand

MIB = 1 << 20
MAX_ENTRIES = 200_000
MAX_SECONDS = 10.0
"""For all folders together: a slow card must not delay the diagnosis."""
BLOCK = 512
"""The unit of `st_blocks`."""
CHECK = ("disk-use-usual", "Folders that grow have their usual size")
DATA_BEFORE = "data.before-*"
"""The data that a restore of a site has replaced; only the user deletes it."""


@dataclass(frozen=True)
class GrowingFolder:
    """A folder that grows, its largest usual size, and what to do beyond that."""

    name: str
    path: Path
    usual_mib: int
    fix: Fix


def growing_folders(sites: Iterable[str]) -> Iterator[GrowingFolder]:
    """Yield the folders that grow on this machine."""
    state, logs, cache = paths.state_dir(), paths.logs_dir(), paths.cache_dir()
    report = (RunCommand("piwizard report", "to send its developers what it has kept"),)
    yield GrowingFolder("Settings and originals of files", state, 512, report)
    yield GrowingFolder("Run logs", logs, 300, report)
    yield GrowingFolder("Fetched code and caches", cache, 2048, (RunCommand(f"sudo rm -r {cache}", "to empty it"),))
    nginx, journal = Path("/var/log/nginx"), Path("/var/log/journal")
    look = RunCommand(f"ls -lhS {nginx}", "to see which site has that many visitors")
    yield GrowingFolder("Logs of nginx", nginx, 1024, (look,))
    shorten = RunCommand("sudo journalctl --vacuum-size=200M", "to shorten it")
    yield GrowingFolder("System journal", journal, 4096, (shorten,))
    clean = (RunCommand("sudo apt-get clean", "to empty it"),)
    yield GrowingFolder("Downloaded packages", Path("/var/cache/apt/archives"), 1024, clean)
    yield GrowingFolder("Logs of certbot", Path("/var/log/letsencrypt"), 100, (Advice("They rotate every week."),))
    for site in sites:
        folder = paths.sites_dir() / site
        fewer = (Advice("Set app.releases to a lower number."),)
        yield GrowingFolder(f"Releases of {site}", folder / "releases", 4096, fewer)
        for before in sorted(folder.glob(DATA_BEFORE)):
            delete = (RunCommand(f"sudo rm -r {before}", "if you no longer need the data from before the restore"),)
            yield GrowingFolder(f"Replaced data of {site}", before, 100, delete)


def measure(folder: Path, until: float) -> int | None:
    """Return the bytes that a folder takes on the disk.

    None if it has too many files, or reading them takes too long.
    """
    total = 0
    try:
        with safe_open.open_folder(folder) as handle:
            for number, (_, _, info) in enumerate(safe_open.walk(handle)):
                if number >= MAX_ENTRIES or (number % 256 == 0 and time.monotonic() > until):
                    return None
                if stat.S_ISREG(info.st_mode):
                    total += info.st_blocks * BLOCK // max(1, info.st_nlink)
    except OSError:
        return total
    return total


def check_disk_use(sites: Iterable[str]) -> list[Finding]:
    """Return a finding about all folders that grow."""
    until = time.monotonic() + MAX_SECONDS
    measured = [(one, measure(one.path, until)) for one in growing_folders(sites)]
    return [judge_disk_use([(one, size) for one, size in measured if size is not None])]


def judge_disk_use(measured: Iterable[tuple[GrowingFolder, int]]) -> Finding:
    """Return the finding for folders and their sizes in bytes."""
    by_size = sorted(measured, key=lambda one: -one[1])
    large = [(one, size) for one, size in by_size if size > one.usual_mib * MIB]
    if not large:
        shown = ", ".join(_described(one, size) for one, size in by_size[:3] if size >= MIB)
        return Finding(*CHECK, True, shown or "all of them are small", step="system")
    detail = ", ".join(
        f"{_described(one, size)} in {one.path}, usually below {one.usual_mib} MiB" for one, size in large
    )
    fix = tuple(one for folder, _ in large for one in folder.fix)
    cause = "Something writes more than usual; the limits of each folder are in docs/housekeeping.md."
    return Finding(*CHECK, False, detail, cause, tuple(dict.fromkeys(fix)), step="system")


def _described(folder: GrowingFolder, size: int) -> str:
    return f"{folder.name}: {size // MIB} MiB"
