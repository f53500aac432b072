"""Start restic within limits, hear what it prints, and end it.

It parses what a target sends, and keeps the whole list of its data in memory.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from piwizard.system.commands import Process, Result
from piwizard.system.facts import LiveSource
from piwizard.system.facts.memory import read_memory

END_SECONDS = 3.0
"""How long restic may take to end after its pipe broke."""
MEMORY_SHARE = 0.75
"""As MemoryMax= of its services, but also for restic that a person starts, and without the memory controller."""
LEAST_MEMORY_MIB = 320
"""What restic needs for a small target, with room: it does not start below 150."""
LIKELY_VICTIM = 900
"""The first to be killed if memory runs out, before any site."""
FIRST_LINES = 10


def limited(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the argv that runs restic with a limit of memory for each process."""
    most = max(int(read_memory(LiveSource()).total * MEMORY_SHARE), LEAST_MEMORY_MIB) << 20
    return ("choom", f"--adjust={LIKELY_VICTIM}", "--", "prlimit", f"--data={most}", "--", *argv)


class HeardLines:
    """The summary of a backup and the first messages that restic has printed.

    Long traces of a program of Go follow the message that explains them.
    """

    def __init__(self) -> None:
        self.summary = ""
        self._first: list[str] = []

    def __call__(self, stream: str, line: str) -> None:
        if line.startswith('{"message_type":"summary"'):
            self.summary = line
        elif len(self._first) < FIRST_LINES and not line.startswith("{"):
            self._first.append(line)

    def output(self, result: Result) -> str:
        """Return what explains a failure."""
        return "\n".join((*self._first, *result.tail))


def wait_for_end(restic: Process) -> Result | None:
    """Return the result of restic if it ends by itself; None if it still runs."""
    until = time.monotonic() + END_SECONDS
    while restic.alive:
        if time.monotonic() > until:
            return None
        time.sleep(0.02)
    return restic.wait()


def end_restic(restic: Process) -> None:
    """End restic as Ctrl-C does, so that it removes its lock."""
    if restic.alive:
        restic.signal(signal.SIGINT)
        if wait_for_end(restic) is None:
            restic.end()
