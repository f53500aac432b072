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
from piwizard.machine.signals import held_back

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TAIL_LINES = 40
TAIL_CHARACTERS = 4000
LONGEST_WORDS = 4000
"""Of a line that may become part of a sentence for a person."""
ANY_EXIT = [*range(-64, 256)]

OnLine = Callable[[str, str], None]
"""Called with the stream ("stdout" or "stderr") and one line without its line end."""


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


def as_user(user: str, argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs `argv` as a user, without a way back to root."""
    who = ("--reuid", user, "--regid", user, "--init-groups", "--no-new-privs")
    return ("setpriv", *who, "--", *argv)


def as_nobody(argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs `argv` without root's rights: for programs that read what strangers send."""
    who = ("--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--no-new-privs", "--bounding-set", "-all")
    return ("setpriv", *who, "--", *argv) if os.geteuid() == 0 else tuple(argv)


class Process:
    """A command under way. `wait` gives its result; `end` terminates the whole group, then kills it."""

    def __init__(self, argv: Sequence[str], running: object, out: _Stream, err: _Stream, tail: deque[str]) -> None:
        self.argv = tuple(argv)
        self._running: Any = running
        self._out, self._err, self._tail = out, err, tail
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
        for lines in (self._out, self._err):
            if lines.error is not None:
                raise lines.error
        if isinstance(self._err, _Pieces):
            self._tail.extend((self._out.text + self._err.text).splitlines())
        seconds = time.monotonic() - self._since
        code = int(self._running.exit_code)
        return Result(self.argv, code, self._out.text, self._err.text, tuple(self._tail), seconds)

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


class _Pieces:
    """Passes one stream on in pieces as they come, and keeps its end."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self.text = ""
        self.error: BaseException | None = None

    def __call__(self, chunk: str) -> None:
        try:
            self.text = (self.text + chunk)[-TAIL_CHARACTERS:]
            self._on_text(chunk)
        except BaseException as error:  # noqa: BLE001 — raised again by Process.wait
            self.error = error


class _Lines:
    """Collects one stream and passes its lines on; keeps what the callback raised, which `sh` would swallow."""

    def __init__(self, stream: str, on_line: OnLine | None, tail: deque[str]) -> None:
        self._stream, self._on_line, self._tail = stream, on_line, tail
        self._kept: deque[str] = deque(maxlen=TAIL_LINES if on_line else None)
        self.error: BaseException | None = None

    def __call__(self, chunk: str) -> None:
        try:
            for line in chunk.removesuffix("\n").split("\n"):
                self._kept.append(line)
                self._tail.append(line[:LONGEST_WORDS])
                if self._on_line:
                    self._on_line(self._stream, line)
        except BaseException as error:  # noqa: BLE001 — raised again by Process.wait
            self.error = error

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._kept)


_Stream = _Lines | _Pieces


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
    out: _Stream = _Pieces(on_text) if on_text else _Lines("stdout", on_line, tail)
    err: _Stream = _Pieces(on_text) if on_text else _Lines("stderr", on_line, tail)
    options: dict[str, Any] = {
        "_bg": True,
        "_bg_exc": False,
        "_env": base_environment() | dict(env or {}),
        "_ok_code": ANY_EXIT,
        "_return_cmd": True,
    }
    if on_text:
        options |= {"_out_bufsize": 0, "_err_bufsize": 0}
    if cwd is not None:
        options["_cwd"] = str(cwd)
    options |= {
        "_new_session": True,
        "_tty_out": False,
        "_tty_in": False,
        "_no_out": True,
        "_no_err": True,
        "_decode_errors": "replace",
        "_in": input if input is not None else "",
        "_out": out,
        "_err": err,
    }
    with held_back() as came:
        process = Process(argv, program(*argv[1:], **options), out, err, tail)
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
    user: str | None = None,
    on_line: OnLine | None = None,
    on_text: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> Result:
    """Runs a command to its end and gives its result; an exit code other than 0 is for the caller to judge.

    `timeout` in seconds: the group is ended then, and the exit code is 124, as timeout(1) has it.
    """
    argv = as_user(user, argv) if user else tuple(argv)
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
