"""Send an archive to restic through a pipe, and receive one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from piwizard.backups.restic_process import HeardLines, end_restic, wait_for_end
from piwizard.backups.stall_guard import StallGuard
from piwizard.system import commands
from piwizard.system.commands import Result

OUTPUT_CLOSED = "stdout: broken pipe"
"""What it prints if the reader of its output has ended."""


class ResticFailed(Exception):
    """restic ended with an error, or was ended because it `stalled`."""

    def __init__(self, result: Result, *, stalled: bool) -> None:
        super().__init__(f"restic ended with {result.exit}")
        self.result, self.stalled = result, stalled


def send(
    argv: Sequence[str], env: Mapping[str, str], heard: HeardLines, write: Callable[[int], None], patience: float
) -> None:
    """Let `write` write to the standard input of restic, and wait for its end.

    If `write` fails, restic is stopped and makes no snapshot. After `patience` seconds without progress it is stopped,
    too. ResticFailed if it did not succeed.
    """
    reading, writing = os.pipe()
    try:
        restic = commands.start(argv, env=env, stdin=reading, on_line=heard)
    except BaseException:
        os.close(writing)
        raise
    finally:
        os.close(reading)  # else the end of restic stays unnoticed
    with StallGuard(restic, writing, patience, sends=True) as guard:
        try:
            write(writing)
        except BaseException as failure:
            # Its input must not end while it runs: it would save an incomplete archive.
            result = wait_for_end(restic) if isinstance(failure, Exception) else None
            end_restic(restic)
            if result is not None and not result.ok:
                raise ResticFailed(result, stalled=guard.stalled) from failure
            raise
        guard.close()
        result = restic.wait()
    if not result.ok:
        raise ResticFailed(result, stalled=guard.stalled)


def receive(
    argv: Sequence[str], env: Mapping[str, str], heard: HeardLines, read: Callable[[int], None], patience: float
) -> None:
    """Let `read` read the standard output of restic, and wait for its end.

    After `patience` seconds without progress it is stopped. ResticFailed if it did not succeed: then what `read` got
    does not count.
    """
    reading, writing = os.pipe()
    try:
        restic = commands.start(argv, env=env, stdout=writing, on_line=heard)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    with StallGuard(restic, reading, patience, sends=False) as guard:
        try:
            read(reading)
        except BaseException as failure:
            guard.close()
            result = wait_for_end(restic) if isinstance(failure, Exception) else None
            end_restic(restic)
            if result is not None and not result.ok and OUTPUT_CLOSED not in "\n".join(result.tail):
                raise ResticFailed(result, stalled=guard.stalled) from failure
            raise
        guard.close()
        result = restic.wait()
    if not result.ok:
        raise ResticFailed(result, stalled=guard.stalled)
