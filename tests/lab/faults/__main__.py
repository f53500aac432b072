"""Interrupt each journey at every event and resume it: the result is the same.


    python -m tests.lab.faults [JOURNEY…] [--kind KIND…] [--release trixie] [--sample 6 | --points 3,17] [--done FILE]

Without a journey, a kind or a release it tries all of them. Prints each point and, last, how many were tried and which
of them failed. `--done FILE` writes the points that passed to a file, and skips them at the next start.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.conftest import RELEASES
from tests.lab.faults.driver import Driver
from tests.lab.faults.journeys import JOURNEYS
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.points import Held, Point, chosen
from tests.lab.lab import Lab


def main() -> int:
    """Run the command; return 1 if a point failed."""
    asked = _parser().parse_args()
    tried: Counter[tuple[str, str, str]] = Counter()
    failed: dict[Point, str] = {}
    held = Held(asked.done)
    lab = Lab()
    try:
        for release in asked.release or RELEASES:
            for journey in asked.journey or JOURNEYS:
                driver = Driver(JOURNEYS[journey](lab, release, f"{journey}-{release}"))
                events = chosen(driver.counted, asked.sample, asked.points)
                size = f"{driver.counted} events and leaves {len(driver.wanted)} files"
                print(f"{release} {journey}: an undisturbed run has {size}.", flush=True)
                for kind in asked.kind or KINDS:
                    for point in (Point(release, journey, kind, event) for event in events):
                        if point in held:
                            continue
                        wrong = driver.broken_at(point.event, KINDS[kind])
                        tried[release, journey, kind] += 1
                        if wrong:
                            failed[point] = "; ".join(wrong)[:2000]
                        else:
                            held.add(point)
                        print(f"{point}: {failed.get(point, 'same end')}", flush=True)
    finally:
        lab.close()
    _tell(tried, failed)
    return 1 if failed else 0


def _tell(tried: Counter[tuple[str, str, str]], failed: dict[Point, str]) -> None:
    for (release, journey, kind), number in tried.items():
        bad = sum((one.release, one.journey, one.kind) == (release, journey, kind) for one in failed)
        print(f"{release:10} {journey:8} {kind:8} {number:4} tried {bad:4} failed")
    print(f"{tried.total()} points tried, {len(failed)} failed.")
    for point, wrong in failed.items():
        print(f"{point}: {wrong}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("journey", nargs="*", metavar="JOURNEY", help=", ".join(JOURNEYS))
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--release", action="append")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--points")
    parser.add_argument("--done", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
