"""Try every state of each journey: `python -m tests.unit.crash [JOURNEY …]`.

The exit code is 1 if a state failed.
"""

from __future__ import annotations

import sys
import time

from tests.unit.crash.journeys import JOURNEYS
from tests.unit.crash.trying import try_journey

SHOWN = 12


def main(names: list[str]) -> int:
    """Print one line for each journey, and the states that failed."""
    states = failed = 0
    for name in names or JOURNEYS:
        since = time.monotonic()
        outcome = try_journey(name)
        states, failed = states + outcome.states, failed + len(outcome.failures)
        took = f"{time.monotonic() - since:.0f} s"
        print(f"{name:10} {outcome.calls:5} calls {outcome.states:6} states {len(outcome.failures):5} failed  {took}")
        for failure in outcome.failures[:SHOWN]:
            print(f"    {failure}")
        if len(outcome.failures) > SHOWN:
            print(f"    and {len(outcome.failures) - SHOWN} more")
        sys.stdout.flush()
    print(f"states tried: {states}, failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
