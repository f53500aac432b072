"""Measure the memory of a running gunicorn.

Needs only the standard library: it is a part of smoke_test.py.
"""

from __future__ import annotations

from pathlib import Path


def measure_memory(master: int) -> str:
    """Return how much memory master and worker use; shared pages count half for each."""
    try:
        own, each = _memory_share(master), [_memory_share(worker) for worker in _child_processes(master)]
    except (OSError, ValueError, StopIteration) as error:  # it has just exited, or the kernel has no such numbers
        return f"The memory usage could not be measured: {type(error).__name__}."
    return f"Memory after loading: {own} MB, plus {max(each, default=0)} MB per worker."


def _child_processes(process: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(errors="replace")
        except OSError:  # it has exited meanwhile
            continue
        if stat.rpartition(")")[2].split()[1] == str(process):
            found.append(int(folder.name))
    return found


def _memory_share(process: int) -> int:
    """Return the MiB of a process, with its part of shared memory."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return -(-int(next(line.split()[1] for line in rollup if line.startswith("Pss:"))) // 1024)
