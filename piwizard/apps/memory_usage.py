"""How much memory an app takes, as its trial measured it, and how many workers fit a board."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from piwizard.system import files
from piwizard.system.facts import Facts

MEASUREMENT = re.compile(r"^Loaded, it takes (\d+) MB, and (\d+) MB more for each worker\.$", re.M)
"""What `trial.py` says."""
SIMILAR_SHARE = 0.2
"""A new version that takes as much as this more or less, as a part, counts as taking what the one before took."""
GROWTH_FACTOR = 1.5
"""A worker that has been asked for many pages takes this much more than one that was asked for one."""
MAX_WORKERS = 4


@dataclass(frozen=True)
class MemoryUsage:
    """MiB that the first process of the service takes, and each worker."""

    master: int
    worker: int


def read_memory_usage(proof: Path) -> MemoryUsage | None:
    """What was kept with the proof of a release; None where nobody measured."""
    try:
        kept = json.loads(files.read(proof) or b"{}").get("measured")
        return MemoryUsage(int(kept["master"]), int(kept["worker"])) if kept else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def measurement_to_keep(said: str, before: MemoryUsage | None) -> Mapping[str, int]:
    """What is to be kept of a trial's words: what the version before took, where this one takes about the same."""
    found = MEASUREMENT.search(said)
    if found is None:
        return asdict(before) if before else {}
    now = MemoryUsage(int(found[1]), int(found[2]))
    if before and abs(now.worker - before.worker) <= SIMILAR_SHARE * before.worker:
        return asdict(before)
    return asdict(now)


def workers_and_threads(machine: Facts, app: MemoryUsage | None) -> tuple[int, int]:
    """Workers and threads of each. Without a measured app, by what was measured on boards with small apps.

    Half of the board's memory is the app's; the rest is the system's, nginx's, and for builds. How many sites there
    are does not count: a second one shall not alter the units of the first.
    """
    memory, cores = machine.memory.nominal, machine.cores
    most = 1 if cores == 1 and memory < 1024 else max(2, min(MAX_WORKERS, cores))
    if app is None:
        return min(most, 2) if memory < 2048 else most, 4
    fitting = int((memory / 2 - app.master) // (app.worker * GROWTH_FACTOR)) if app.worker else most
    workers = max(1, min(most, fitting))
    return workers, 8 if workers == 1 < most else 4
