"""Start programs without a shell, in a known environment.

Each runs in a session of its own. No other module starts programs.

`sh` is imported with the first command, because importing it takes longer than many commands run.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.pipes import TAIL_LINES, Lines, OnLine, Pieces, PipeReader, Stream

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ANY_EXIT = [*range(-64, 256)]
OUTPUT_GRACE_SECONDS = 2.0
"""How long to wait for output of processes that a finished command left running."""
DEFERRED_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Result:
    """The result of a command: exit code, output and duration in seconds.

    A negative exit code is the signal that killed the command.

    `output` and `errors` are complete, or the last lines only if a callback received the lines.
    """

    argv: tuple[str, ...]
    exit: int
    output: str
    errors: str
    tail: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return self.exit == 0

    @property
    def last_lines(self) -> str:
        """Return the last nonempty lines of both streams, for an error message."""
        return "\n".join([line for line in self.tail if line.strip()][-6:])


def base_environment() -> dict[str, str]:
    """Return the environment of every command, with nothing from the caller."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": "/root" if os.geteuid() == 0 else os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def which(program: str) -> str | None:
    """Return the full path of a program on root's search path; None if missing."""
    return shutil.which(program, path=SEARCH_PATH)


def as_nobody(argv: Sequence[str], *, group: str = "nogroup") -> tuple[str, ...]:
    """Return the argv that runs `argv` without root's privileges.

    For programs that parse untrusted input. `group` may be one that can read it.
    """
    who = ("--reuid", "nobody", "--regid", group, "--clear-groups", "--no-new-privs", "--bounding-set", "-all")
    return ("setpriv", *who, "--", *argv) if os.geteuid() == 0 else tuple(argv)


class Process:
    """A running command.

    `wait` returns its result; `end` terminates the process group, then kills it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        running: object,
        reading: PipeReader,
        streams: tuple[Stream, Stream],
        tail: deque[str],
    ) -> None:
        self.argv = tuple(argv)
        self._running: Any = running
        self._reading, self._streams, self._tail = reading, streams, tail
        self._since = time.monotonic()

    @property
    def pid(self) -> int:
        return int(self._running.pid)

    @property
    def alive(self) -> bool:
        return bool(self._running.process.is_alive()[0])

    def wait(self) -> Result:
        """Wait for the command to exit.

        An exception meanwhile (a signal, Ctrl-C) ends the process group first.
        """
        try:
            self._running.wait()
        except BaseException:
            self.end()
            raise
        self._reading.finish(OUTPUT_GRACE_SECONDS)
        if self._reading.error is not None:
            raise self._reading.error
        seconds = time.monotonic() - self._since
        code = int(self._running.exit_code)
        out, err = self._streams
        return Result(self.argv, code, out.text, err.text, tuple(self._tail), seconds)

    def signal(self, number: int) -> None:
        """Send a signal to the process group; ignore a group that is gone already."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def end(self, grace: float = 10.0) -> None:
        """Terminate the process group, and kill the rest of it after `grace` seconds."""
        self.signal(signal.SIGTERM)
        until = time.monotonic() + grace
        while self.alive and time.monotonic() < until:
            time.sleep(0.05)
        self.signal(signal.SIGKILL)
        while self.alive:
            time.sleep(0.01)


def start(
    argv: Sequence[str],
    *,
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    on_line: OnLine | None = None,
    on_text: Callable[[str], None] | None = None,
    stdin: int | None = None,
    stdout: int | None = None,
) -> Process:
    """Start a command in a session of its own.

    Raise PiwizardError if the program is not installed.

    A signal that arrives during the start ends the command and then takes its normal effect.
    `on_text`, in place of `on_line`, receives output as it arrives, for programs that do not print lines.
    `stdin` and `stdout` are open files or pipes that the command gets instead, for data of any size.
    """
    import sh

    program = sh.Command(_find(argv[0]))
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    streams: tuple[Stream, Stream]
    if on_text:
        streams = Pieces(on_text, tail), Pieces(on_text, tail)
    else:
        streams = Lines("stdout", on_line, tail), Lines("stderr", on_line, tail)
    reading = PipeReader(streams)
    out, err = reading.ends
    options: dict[str, Any] = {
        "_bg": True,
        "_bg_exc": False,
        "_env": base_environment() | dict(env or {}),
        "_ok_code": ANY_EXIT,
        "_return_cmd": True,
        "_new_session": True,
        "_tty_out": False,
        "_tty_in": False,
        "_in": stdin if stdin is not None else input if input is not None else "",
        "_out": stdout if stdout is not None else out,
        "_err": err,
    }
    if cwd is not None:
        options["_cwd"] = str(cwd)
    with _deferred_signals() as came:
        try:
            process = Process(argv, program(*argv[1:], **options), reading, streams, tail)
        finally:
            reading.begin()
    if came:
        process.end()
        for number in came:
            signal.raise_signal(number)
    return process


@contextmanager
def _deferred_signals() -> Iterator[list[int]]:
    """Collect the signals that arrive meanwhile. The caller raises them again when it is ready.

    Needed around a fork: Python ignores exceptions that its fork hooks raise, so that a request to stop would be
    lost, and a lock of theirs would stay locked. Signals without a Python handler are not affected, and threads other
    than the main one never run handlers.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    handled = {number: handler for number in DEFERRED_SIGNALS if callable(handler := signal.getsignal(number))}
    for number in handled:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)


def run_interactive(argv: Sequence[str]) -> int:
    """Give this terminal to a program, such as a shell, and return its exit code."""
    import sh

    try:
        sh.Command(_find(argv[0]))(*argv[1:], _fg=True)
    except sh.ErrorReturnCode as refused:
        return int(refused.exit_code)
    return 0


def _find(program: str) -> str:
    path = which(program) if "/" not in program else program
    if path is None or not os.access(path, os.X_OK):
        hint = "Run install.sh again: it installs the programs that piwizard needs."
        raise PiwizardError(f"The program {program} is not installed.", hint=hint)
    return path


def run(
    argv: Sequence[str],
    *,
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    on_line: OnLine | None = None,
    on_text: Callable[[str], None] | None = None,
    stdin: int | None = None,
    stdout: int | None = None,
    timeout: float | None = None,
) -> Result:
    """Run a command and return its result, whatever its exit code is.

    After `timeout` seconds the process group is stopped and the exit code is 124, as with timeout(1).
    """
    argv = tuple(argv)
    process = start(argv, input=input, env=env, cwd=cwd, on_line=on_line, on_text=on_text, stdin=stdin, stdout=stdout)
    if timeout is not None:
        until = time.monotonic() + timeout
        while process.alive and time.monotonic() < until:
            time.sleep(0.01)
        if process.alive:
            process.end(grace=2.0)
            result = process.wait()
            return Result(argv, 124, result.output, result.errors, result.tail, result.seconds)
    return process.wait()
