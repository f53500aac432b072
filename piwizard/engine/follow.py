"""Watches a run from outside: the file is the truth, this is a view of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from piwizard.engine.events import Event
from piwizard.engine.run_log import EventReader
from piwizard.system import paths

GLANCES_PER_SECOND = 10


def follow(run: str) -> Iterator[Event]:
    """The events of a run from the first on, until it has ended or its process is gone."""
    from piwizard.engine import run_launch

    reader = EventReader(run_launch.folder(run) / "events.jsonl")
    while True:
        # Asked before reading: what a run wrote before it ended is then always read.
        alive = run_launch.alive(run)
        came = False
        for event in reader.new():
            came = True
            yield event
            if event["event"] == "apply-finished":
                return
        if not came and not reader.behind:
            if not alive:
                return
            time.sleep(1 / GLANCES_PER_SECOND)


def runs() -> list[str]:
    """The names of all runs that have a record, oldest first."""
    return sorted(path.parent.name for path in Path(paths.logs_dir()).glob("*/events.jsonl"))
