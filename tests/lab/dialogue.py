"""A program in a terminal of its own, talked to as a person would: wait for some words, type a line."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lab.board import Board

ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
QUESTION = re.compile(r"(?<=\n)(?:[^\n]+:|(?:\? )?Which \[[^\]\n]+\]) ?\Z")
TIMEOUT = 30.0


class Dialogue:
    """`raw` is every byte that came out; `expect` looks only at what came since the last match."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        term: str = "xterm-256color",
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.raw = b""
        self._seen = 0
        self._ended = False
        self._terminal: int | None
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # whoever runs the tests in the background may ignore them
            inside = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", **(env or {}), "TERM": term}
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(argv[0], list(argv), inside)

    @property
    def text(self) -> str:
        """What came out, without what moves or colours."""
        return ESCAPES.sub(b"", self.raw).decode("utf-8", "replace").replace("\r", "")

    def expect(self, words: str, timeout: float = TIMEOUT) -> str:
        """Waits for words, and returns what came before them since the last time."""
        until = time.monotonic() + timeout
        while (found := self.text.find(words, self._seen)) < 0:
            assert time.monotonic() < until, f"waited for {words!r}, saw:\n{self.text[self._seen :]}"
            assert self._read(0.2), f"the end came before {words!r}:\n{self.text[self._seen :]}"
        before = self.text[self._seen : found]
        self._seen = found + len(words)
        return before

    def whichever(self, *words: str, timeout: float = TIMEOUT) -> int:
        """Waits for one of several words, and returns which of them came first."""
        until = time.monotonic() + timeout
        while not (found := [(at, number) for number, one in enumerate(words) if (at := self._find(one)) >= 0]):
            assert time.monotonic() < until, f"waited for {words}, saw:\n{self.text[self._seen :]}"
            assert self._read(0.2), f"the end came before {words}:\n{self.text[self._seen :]}"
        at, number = min(found)
        self._seen = at + len(words[number])
        return number

    def _find(self, words: str) -> int:
        return self.text.find(words, self._seen)

    def type(self, keys: str) -> None:
        """Presses keys."""
        assert self._terminal is not None
        os.write(self._terminal, keys.encode())

    def answer(self, question: str, line: str = "", timeout: float = TIMEOUT) -> None:
        """Waits for a question and answers it with a line."""
        self.expect(question, timeout)
        time.sleep(0.05)  # a person is slower; whoever asks has set its terminal by then
        self.type(f"{line}\r")
        self.expect("\n")  # a terminal that can be moved about in shows the question once more before

    def fill_in(self, *answers: tuple[str, str], until: str, timeout: float = TIMEOUT) -> None:
        """Answers the questions of a form until some words come: the named ones as given, the others with Enter."""
        left = list(answers)
        ends = time.monotonic() + timeout
        while self._find(until) < 0:
            assert time.monotonic() < ends, f"waited for {until!r}, saw:\n{self.text[self._seen :]}"
            assert self._read(0.2), f"the end came before {until!r}:\n{self.text[self._seen :]}"
            asked = QUESTION.search(self.text, self._seen)
            if asked:
                found = next((one for one in left if one[0] in asked[0]), None)
                if found:
                    left.remove(found)
                self.answer(asked[0], found[1] if found else "")
        assert not left, f"not asked for: {left}"

    def end(self, timeout: float = TIMEOUT) -> int:
        """Waits for the end and returns the exit code (negative: the signal)."""
        until = time.monotonic() + timeout
        while self._read(0.2):
            assert time.monotonic() < until, f"it does not end:\n{self.text[self._seen :]}"
        self._ended = True
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def hang_up(self) -> None:
        """The connection is gone, and the program with it. Again is allowed."""
        if self._terminal is None:
            return
        os.close(self._terminal)
        self._terminal = None
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return not self._read(0)

    def _read(self, wait: float) -> bool:
        """Takes in what there is within some seconds; False after the end."""
        assert self._terminal is not None
        ready, _, _ = select.select([self._terminal], [], [], wait)
        if not ready:
            return True
        try:
            chunk = os.read(self._terminal, 65536)
        except OSError:
            return False
        self.raw += chunk
        return bool(chunk)


def as_root(pi: Board, *argv: str) -> Dialogue:
    """Start a command with sudo, at a terminal over SSH, and give the password."""
    dialogue = Dialogue(pi.ssh_argv(("sudo", *argv), tty=True))
    dialogue.answer("password for alex:", pi.password)
    return dialogue
