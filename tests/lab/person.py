"""Use the screens as a user does: log in by SSH, and read before each key."""

from __future__ import annotations

from tests.lab.board import Board
from tests.lab.terminal import Terminal

OPENED = ("[ Start ]", "Installing", "Add a site")
"""The first pages: Welcome, a run that has not ended, and the overview."""


class Person:
    """A user with one terminal at a time.

    The output of all of them is kept for tests.
    """

    def __init__(self, pi: Board) -> None:
        self.pi = pi
        self._terminal: Terminal | None = None
        self._before: list[bytes] = []

    @property
    def connected(self) -> bool:
        """Return whether a terminal is open."""
        return self._terminal is not None

    @property
    def terminal(self) -> Terminal:
        """Return the open terminal."""
        assert self._terminal is not None
        return self._terminal

    @property
    def shown(self) -> bytes:
        """Return the whole output of all terminals."""
        return b"".join([*self._before, self._terminal.raw if self._terminal else b""])

    def connect(self) -> Terminal:
        """Open a terminal with ssh in it, and close the one before."""
        self.leave()
        self._terminal = Terminal(self.pi.ssh_argv(tty=True))
        return self._terminal

    def log_in(self, *, timeout: float = 60.0) -> str:
        """Log in by SSH, run `piwizard`, answer sudo; return the page that opens."""
        terminal = self.connect()
        terminal.expect("$ ", timeout)
        terminal.type("LANG=C.UTF-8 piwizard\r")
        terminal.expect("password for alex:", timeout)
        terminal.rest(0.3)
        terminal.type(f"{self.pi.password}\r")
        return terminal.see_any(OPENED, timeout)

    def leave(self) -> None:
        """Close the terminal, or cut the connection."""
        if self._terminal is not None:
            self._terminal.hang_up()
            self._before.append(self._terminal.raw)
            self._terminal = None
