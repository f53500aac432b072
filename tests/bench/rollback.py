"""Measure where the time of `piwizard rollback` goes.

    python -m tests.bench.rollback [--rounds 3] [--release trixie]

A Pi of the lab has two releases of the sample app, and goes from one to the other and back, first without visitors,
then with four. Each column is a median. Wall time depends on what else the machine does; the processor time of all
processes of the Pi hardly does.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from piwizard.sandbox import cgroups
from tests.lab import layers, sample_app
from tests.lab.lab import Lab
from tests.lab.live_release import releases
from tests.lab.load import load, verdict
from tests.lab.pi import Pi

SECOND = sample_app.APP.replace('return "It works. "', 'return "Second. "')
SERVED, WHOLE, PROCESSOR = "until the other release serves", "until the command ends", "processor time"
LONGEST_SHOWN = 12


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rollback", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--release", default="trixie")
    asked = parser.parse_args()
    lab = Lab()
    try:
        pi = layers.served_pi(lab, asked.release)
        lab.git.commit(layers.REPOSITORY, {"app.py": SECOND})
        pi.run(("piwizard", "deploy", "--yes"))
        print(table("without visitors", [measured(pi) for _ in range(asked.rounds)]), flush=True)
        visitors = load(lab, pi, 3600)
        print(table("with four visitors", [measured(pi) for _ in range(asked.rounds)]), flush=True)
        print("{} requests answered; failed: {}".format(*verdict(visitors)), flush=True)
    finally:
        lab.close()


def measured(pi: Pi) -> dict[str, float]:
    """Go to the other release, and return the seconds of everything that took some."""
    other = next(str(one["release"]) for one in releases(pi) if not one["in_use"])
    used, began = processor_seconds(pi), time.time()
    said = pi.run(("piwizard", "rollback", other, "--yes", "--json")).output
    ended = time.time()
    spent = processor_seconds(pi) - used
    events = [json.loads(line) for line in said.splitlines()]
    return {**_parts(events, began, ended), WHOLE: ended - began, PROCESSOR: spent}


def processor_seconds(pi: Pi) -> float:
    """Return the processor time of all processes that the Pi has had since it was booted."""
    for group in cgroups.process_groups(pi.container.leader):
        for folder in (group, *group.parents):
            if folder.name == pi.container.name and (folder / "cpu.stat").exists():
                return int(dict(map(str.split, _lines(folder / "cpu.stat")))["usage_usec"]) / 1e6
    return 0.0


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def _parts(events: list[dict[str, Any]], began: float, ended: float) -> dict[str, float]:
    """Return the seconds before each event, by what happened meanwhile."""
    found: dict[str, float] = {}
    before, names = began, {}
    for event in events:
        at = datetime.fromisoformat(event["at"]).timestamp()
        if event["event"] == "command-started":
            names[event["id"]] = " ".join(event["argv"][:3])
        name = f"{event['event']} {event.get('change') or event.get('name') or names.get(event.get('id', 0), '')}"
        found[name] = found.get(name, 0.0) + at - before
        before = at
        if event["event"] == "command-finished" and "try-restart" in names[event["id"]]:
            found.setdefault(SERVED, at - began)
    return {**found, "the command after the run": ended - before}


def table(title: str, rounds: list[dict[str, float]]) -> str:
    """Return the medians of some rounds, the longest first."""
    medians = {name: median(one.get(name, 0.0) for one in rounds) for name in {name for one in rounds for name in one}}
    longest = sorted(medians.items(), key=lambda pair: -pair[1])[:LONGEST_SHOWN]
    return "\n".join((title, *(f"{seconds:7.2f} s  {name}" for name, seconds in longest)))


if __name__ == "__main__":
    main()
