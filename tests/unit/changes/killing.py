"""Kill a process before each operation that changes a file, as a power cut would."""

from __future__ import annotations

import ctypes
import os
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


def killed_at_each(body: Callable[[], None], every: int = 1) -> Iterator[int]:
    """Run `body` and kill it at its first changing operation, then at its second, …

    With `every` = 5, kill it at the first, the sixth, … Yield after each kill, when no process of it is left; end when
    `body` runs to its end.
    """
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    try:
        for point in range(1, MAX_KILLS, every):
            if _killed(body, point):
                return
            yield point
        raise AssertionError("the change never came to its end")
    finally:
        ctypes.CDLL(None).prctl(SUBREAPER, 0, 0, 0, 0)


def _killed(body: Callable[[], None], point: int) -> bool:
    """Return whether it ended before that point."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _kill_at(point)
            body()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    while True:  # the commands that it had started
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the process failed before it was killed"
    return os.WIFEXITED(status)


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
