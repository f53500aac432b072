"""Run the screens in a real terminal, read through a terminal emulator."""

from __future__ import annotations

import re
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

import pyte

from tests.lab.dialogue import Dialogue

UNKNOWN = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?u")
"""Sequences that pyte would print instead of ignoring them."""


class Terminal(Dialogue):
    """A terminal. `lines` is what a user sees now."""

    def __init__(
        self, program: Path | Sequence[str], *, term: str = "xterm-256color", columns: int = 80, lines: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Start `program`: a command, or the folder of a fake Pi."""
        if isinstance(program, Path):
            program = [sys.executable, "-m", "tests.unit.screens.show", str(program)]
        super().__init__(program, term=term, columns=columns, lines=lines, env=env)
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._fed = 0

    def _read(self, wait: float) -> bool:
        more = super()._read(wait)
        self._stream.feed(UNKNOWN.sub(b"", self.raw[self._fed :]))
        self._fed = len(self.raw)
        return more

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def see(self, words: str, timeout: float = 30.0) -> None:
        """Wait until this text is on the screen."""
        until = time.monotonic() + timeout
        while words not in "\n".join(self.lines):
            assert time.monotonic() < until, f"waited for {words!r}, saw:\n" + "\n".join(self.lines)
            assert self._read(0.1), f"the end came before {words!r}:\n" + "\n".join(self.lines)

    def see_any(self, words: Sequence[str], timeout: float = 30.0) -> str:
        """Wait until one of these is on the screen, and return it."""
        until = time.monotonic() + timeout
        while True:
            shown = "\n".join(self.lines)
            for each in words:
                if each in shown:
                    return each
            assert time.monotonic() < until, f"waited for {words!r}, saw:\n{shown}"
            assert self._read(0.1), f"the end came before {words!r}:\n{shown}"

    def wait(self, until: Callable[[], bool], timeout: float) -> bool:
        """Wait for a condition on the screen; return whether it came true in time."""
        ends = time.monotonic() + timeout
        while not until():
            if time.monotonic() > ends or not self._read(0.05):
                return until()
        return True

    def rest(self, quiet: float = 0.4) -> None:
        """Wait until the output pauses."""
        while True:
            before = len(self.raw)
            self._read(quiet)
            if len(self.raw) == before:
                return

    def resize(self, columns: int, lines: int) -> None:
        """Resize the window."""
        assert self._terminal is not None
        ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)
