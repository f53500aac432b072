"""Runs on the Pi: wall time, processor time and memory of some commands, in turn; says them as JSON.

python3 measure.py ROUNDS '{"name": ["argv", ...], ...}'
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def timed(argv: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of processors, and MB of the largest process, of a command and what it starts."""
    since = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - since
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{argv}: exit {process.returncode}"
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def peak(argv: list[str]) -> float:
    """The most MB that a command and all its descendants had at one moment; shared pages are counted once."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_memory, _tree(process.pid))))
        time.sleep(0.005)
    return most * 1024 / 1e6


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def _memory(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def main() -> None:
    """Each command once unmeasured, then ROUNDS times in turn, then twice for its memory."""
    rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argv in commands.items():
            seen = timed(argv)
            if number:
                times[name].append(seen)
    memory = {name: max(peak(argv) for _ in range(2)) for name, argv in commands.items()}
    print(json.dumps({"times": times, "memory": memory}))


if __name__ == "__main__":
    main()
