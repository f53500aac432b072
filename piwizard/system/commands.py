"""Every program piwizard starts, it starts here: no shell, a known environment, a group that can be ended.

`sh` is imported only when the first command runs: it takes longer than many of our commands do.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from piwizard.errors import PiwizardError
from piwizard.system.pipes import TAIL_LINES, Lines, OnLine, Pieces, Reading, Stream
from piwizard.system.signals import held_back

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ANY_EXIT = [*range(-64, 256)]
GRACE = 2.0
"""Seconds that are waited for the output of what a command has left running when it ended."""


@dataclass(frozen=True)
class Result:
    """What a finished command left: its exit code (negative: the signal that ended it), texts and seconds.

    `output` and `errors` are whole where nobody followed the lines, and the last lines where somebody did.
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
    def last_words(self) -> str:
        """The last lines of both streams that say anything, for an error message."""
        return "\n".join([line for line in self.tail if line.strip()][-6:])


def base_environment() -> dict[str, str]:
    """The environment of every command: a known locale and path, and nothing of whoever started piwizard."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": "/root" if os.geteuid() == 0 else os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def which(program: str) -> str | None:
    """The full path of a program on the search path of root, None if it is not there."""
    return shutil.which(program, path=SEARCH_PATH)


def as_nobody(argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs `argv` without root's rights: for programs that read what strangers send."""
    who = ("--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--no-new-privs", "--bounding-set", "-all")
    return ("setpriv", *who, "--", *argv) if os.geteuid() == 0 else tuple(argv)


class Process:
    """A command under way. `wait` gives its result; `end` terminates the whole group, then kills it."""

    def __init__(
        self, argv: Sequence[str], running: object, reading: Reading, streams: tuple[Stream, Stream], tail: deque[str]
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
        """Waits for the end. An exception on the way (a signal, Ctrl-C) ends the whole group first."""
        try:
            self._running.wait()
        except BaseException:
            self.end()
            raise
        self._reading.finish(GRACE)
        if self._reading.error is not None:
            raise self._reading.error
        seconds = time.monotonic() - self._since
        code = int(self._running.exit_code)
        out, err = self._streams
        return Result(self.argv, code, out.text, err.text, tuple(self._tail), seconds)

    def signal(self, number: int) -> None:
        """Sends a signal to the whole process group; one that has gone already is no error."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def end(self, grace: float = 10.0) -> None:
        """Terminates the group, and kills what is left of it after `grace` seconds."""
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
) -> Process:
    """Starts a command in a session of its own. Raises PiwizardError where the program is not there.

    A signal that comes in the same moment ends the command, and then does what it does.
    `on_text` instead of `on_line` gets what it prints in pieces as they come, for a program that prints no lines.
    """
    import sh

    program = sh.Command(_find(argv[0]))
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    streams: tuple[Stream, Stream]
    if on_text:
        streams = Pieces(on_text, tail), Pieces(on_text, tail)
    else:
        streams = Lines("stdout", on_line, tail), Lines("stderr", on_line, tail)
    reading = Reading(streams)
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
        "_in": input if input is not None else "",
        "_out": out,
        "_err": err,
    }
    if cwd is not None:
        options["_cwd"] = str(cwd)
    with held_back() as came:
        try:
            process = Process(argv, program(*argv[1:], **options), reading, streams, tail)
        finally:
            reading.begin()
    if came:
        process.end()
        for number in came:
            signal.raise_signal(number)
    return process


def interactive(argv: Sequence[str]) -> int:
    """Hands this terminal to a program (a shell for a person) and gives its exit code."""
    import sh

    try:
        sh.Command(_find(argv[0]))(*argv[1:], _fg=True)
    except sh.ErrorReturnCode as refused:
        return int(refused.exit_code)
    return 0


def _find(program: str) -> str:
    path = which(program) if "/" not in program else program
    if path is None or not os.access(path, os.X_OK):
        hint = "Run install.sh again: it installs what piwizard needs."
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
    timeout: float | None = None,
) -> Result:
    """Runs a command to its end and gives its result; an exit code other than 0 is for the caller to judge.

    `timeout` in seconds: the group is ended then, and the exit code is 124, as timeout(1) has it.
    """
    argv = tuple(argv)
    process = start(argv, input=input, env=env, cwd=cwd, on_line=on_line, on_text=on_text)
    if timeout is not None:
        until = time.monotonic() + timeout
        while process.alive and time.monotonic() < until:
            time.sleep(0.01)
        if process.alive:
            process.end(grace=2.0)
            result = process.wait()
            return Result(argv, 124, result.output, result.errors, result.tail, result.seconds)
    return process.wait()
