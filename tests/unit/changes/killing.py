"""Kill a process before each operation that changes a file, as a power cut would."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator

ALTERING = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.utime",
    "os.link",
}
SUBREAPER = 36
MAX_KILLS = 400
MAX_SECONDS = 60
CAME_TO_ITS_END, WAS_KILLED, FAILED = 10, 11, 12


def killed_at_each(body: Callable[[], None], every: int = 1) -> Iterator[int]:
    """Run `body` and kill it at its first changing operation, then at its second, …

    With `every` = 5, kill it at the first, the sixth, … Yield after each kill, when no process of it is left; end when
    `body` runs to its end.
    """
    for point in range(1, MAX_KILLS, every):
        if _killed(body, point):
            return
        yield point
    raise AssertionError("the change never came to its end")


def _killed(body: Callable[[], None], point: int) -> bool:
    """Return whether it ended before that point."""
    parent = os.fork()
    if parent == 0:
        os._exit(_end_as_parent(body, point))
    ended = os.pidfd_open(parent)
    try:
        in_time = bool(select.select([ended], [], [], MAX_SECONDS)[0])
        if not in_time:
            os.kill(parent, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1])
    finally:
        os.close(ended)
    assert in_time, f"a process of the change still ran after {MAX_SECONDS} seconds"
    assert code in (WAS_KILLED, CAME_TO_ITS_END), "the process failed before it was killed"
    return code == CAME_TO_ITS_END


def _end_as_parent(body: Callable[[], None], point: int) -> int:
    """Run `body` in a child, and wait for all that it started.

    This process adopts them, and no others: a process that another test left is not waited for.
    """
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _kill_at(point)
            body()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return {0: CAME_TO_ITS_END, -signal.SIGKILL: WAS_KILLED}.get(status, FAILED)


def _kill_at(point: int) -> None:
    left = point

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in ALTERING and not (event == "open" and not _writes(arguments)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
