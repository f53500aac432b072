"""Talk to a program in a terminal of its own: wait for a text, type a line."""

from __future__ import annotations

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
    """A program in a terminal.

    `raw` is its whole output; `expect` reads only what follows the last match.
    """

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
                signal.signal(number, signal.SIG_DFL)  # a caller that runs the tests in the background may ignore them
            inside = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "", **(env or {}), "TERM": term}
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(argv[0], list(argv), inside)

    @property
    def text(self) -> str:
        """Return the output without cursor movements and colours."""
        return ESCAPES.sub(b"", self.raw).decode("utf-8", "replace").replace("\r", "")

    def expect(self, words: str, timeout: float = TIMEOUT) -> str:
        """Wait for a text, and return the output between the last match and it."""
        until = time.monotonic() + timeout
        while (found := self.text.find(words, self._seen)) < 0:
            assert time.monotonic() < until, f"waited for {words!r}, saw:\n{self.text[self._seen :]}"
            assert self._read(0.2), f"the end came before {words!r}:\n{self.text[self._seen :]}"
        before = self.text[self._seen : found]
        self._seen = found + len(words)
        return before

    def whichever(self, *words: str, timeout: float = TIMEOUT) -> int:
        """Wait for one of several texts, and return the one that came first."""
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
        """Press keys."""
        assert self._terminal is not None
        os.write(self._terminal, keys.encode())

    def answer(self, question: str, line: str = "", timeout: float = TIMEOUT) -> None:
        """Wait for a question and answer it with a line."""
        self.expect(question, timeout)
        time.sleep(0.05)  # a person is slower, so the program has set up its terminal by then
        self.type(f"{line}\r")
        self.expect("\n")  # a terminal with cursor movements shows the question once more before

    def fill_in(self, *answers: tuple[str, str], until: str, timeout: float = TIMEOUT) -> None:
        """Answer a form until a text appears.

        Questions without a given answer get Enter.
        """
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
        """Wait for the end and return the exit code (negative: the signal)."""
        until = time.monotonic() + timeout
        while self._read(0.2):
            assert time.monotonic() < until, f"it does not end:\n{self.text[self._seen :]}"
        code = self._exit_code(until - time.monotonic())
        assert code is not None, f"its terminal was closed, but it still runs:\n{self.text[self._seen :]}"
        return code

    def hang_up(self) -> None:
        """Close the connection and end the program. May be called again."""
        if self._terminal is None:
            return
        os.close(self._terminal)
        self._terminal = None
        if self._ended:
            return
        os.kill(self.pid, signal.SIGHUP)
        if self._exit_code(TIMEOUT) is None:
            os.kill(self.pid, signal.SIGKILL)
            self._exit_code(TIMEOUT)
            raise AssertionError(f"it still ran {TIMEOUT:g} seconds after its terminal had closed")

    @property
    def ended(self) -> bool:
        """Return whether the output is complete."""
        return not self._read(0)

    def _exit_code(self, timeout: float) -> int | None:
        """Wait for the end of the process; return None if it still runs after the timeout in seconds."""
        process = os.pidfd_open(self.pid)
        try:
            if not select.select([process], [], [], max(timeout, 0))[0]:
                return None
        finally:
            os.close(process)
        self._ended = True
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, wait: float) -> bool:
        """Read what arrives within some seconds; return False after the end."""
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
    """Start a command with sudo, at a terminal over SSH, and enter the password."""
    dialogue = Dialogue(pi.ssh_argv(("sudo", *argv), tty=True))
    dialogue.answer("password for alex:", pi.password)
    return dialogue
