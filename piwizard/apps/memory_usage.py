"""Memory usage of an app, and the number of workers that fit a board."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from piwizard.apps.process_model import ProcessModel
from piwizard.system import files
from piwizard.system.facts import Facts
from piwizard.system.lazy_dataclass import dataclass

MEASUREMENT = re.compile(r"^Memory after loading: (\d{1,6}) MB, plus (\d{1,6}) MB per worker\.$", re.M)
"""Printed by `smoke_test.py` at its end; before that, the app can print the same."""
MAX_MIB = 999_999
SIMILAR_SHARE = 0.2
"""A new version whose usage differs by less than this share keeps the value before."""
GROWTH_FACTOR = 1.5
"""A worker that has served many pages uses this much more than after one page."""
MAX_WORKERS = 4
THREADS, STREAM_THREADS = 16, 72
"""Threads of each of several workers. An open stream or WebSocket keeps one for as long as it lasts: 50 at least."""
PLAIN = ProcessModel()


@dataclass(frozen=True)
class MemoryUsage:
    """MiB used by the master process and by each worker."""

    master: int
    worker: int


def read_memory_usage(proof: Path) -> MemoryUsage | None:
    """Return the measurement in the proof file of a release; None if there is none."""
    try:
        kept = json.loads(files.read(proof) or b"{}").get("measured")
        found = MemoryUsage(int(kept["master"]), int(kept["worker"])) if kept else None
        return found if found and all(0 <= one <= MAX_MIB for one in (found.master, found.worker)) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def measurement_to_keep(said: str, before: MemoryUsage | None) -> Mapping[str, int]:
    """Return the measurement to keep from the output of a smoke test.

    If the version before used about the same, its measurement is kept.
    """
    found = MEASUREMENT.findall(said)
    if not found:
        return asdict(before) if before else {}
    now = MemoryUsage(*map(int, found[-1]))
    if before and abs(now.worker - before.worker) <= SIMILAR_SHARE * before.worker:
        return asdict(before)
    return asdict(now)


def workers_and_threads(machine: Facts, app: MemoryUsage | None, model: ProcessModel = PLAIN) -> tuple[int, int]:
    """Return the number of workers, and of threads for each.

    Half of the board's memory is for the app; the rest is for the system, nginx and builds. Without a measurement, the
    numbers are those that work for small apps. Other sites do not count: a second site must not change the units of
    the first.

    Threads mostly wait, and one costs about 150 KiB: with 16, a view that waits 50 ms serves four times the requests
    that it serves with 4.
    """
    memory, cores = machine.memory.nominal, machine.cores
    most = 1 if cores == 1 and memory < 1024 else max(2, min(MAX_WORKERS, cores))
    if model.single:
        workers = 1
    elif app is None:
        workers = min(most, 2) if memory < 2048 else most
    else:
        fitting = int((memory / 2 - app.master) // (app.worker * GROWTH_FACTOR)) if app.worker else most
        workers = max(1, min(most, fitting))
    threads = THREADS * 2 if workers == 1 < most else THREADS
    if model.streams:
        threads = STREAM_THREADS * 2 if workers == 1 and memory >= 1024 else STREAM_THREADS
    return workers, threads
