"""Try every kind of answer many times: python -m tests.unit.properties."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.unit.properties.trying import MOST_PROVEN, attempt, questions


def main() -> int:
    """Print one line for each question and the totals; return 1 if a check failed."""
    options = argparse.ArgumentParser()
    options.add_argument("--examples", type=int, default=10_000, help="at least so many values a kind of answer")
    options.add_argument("--least", type=int, default=1000, help="at least so many values a question")
    options.add_argument("--shown", type=int, default=MOST_PROVEN, help="at most so many of a question to the programs")
    options.add_argument("--only", default="", help="questions whose key begins so")
    given = options.parse_args()
    sums: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    failed = 0
    of_kind = Counter(question.kind for question, _ in questions().values())
    for name, (question, _) in questions().items():
        if not name.startswith(given.only):
            continue
        with tempfile.TemporaryDirectory(prefix="piwizard-properties-") as folder:
            examples = max(given.least, math.ceil(given.examples / of_kind[question.kind]))
            tally = attempt(name, examples, Path(folder) / "try", given.shown)
        kinds[tally.kind] += tally.tried
        sums.update(tally.programs, tried=tally.tried, accepted=tally.accepted, refused=tally.refused)
        programs = ", ".join(f"{program} {count}" for program, count in tally.programs.items())
        print(
            f"{name:24} {tally.kind:7} tried {tally.tried:6} refused {tally.refused:6} accepted {tally.accepted:6} "
            f"refused by a step {tally.refused_by_step:5} shown {tally.shown:5} ({programs}) "
            f"failed {len(tally.failures)}",
            flush=True,
        )
        for failure in tally.failures[:5]:
            print(f"    {failure[:700]}", flush=True)
        failed += len(tally.failures)
    print("Tried by kind:", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print("In all:", ", ".join(f"{name} {count}" for name, count in sums.items()), f"; failed {failed}")
    return 1 if failed else 0


sys.exit(main())
