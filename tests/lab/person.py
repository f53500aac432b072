"""Use the screens as a user does: log in by SSH, and read before each key."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.board import Board
from tests.lab.terminal import Terminal

ESC, UP, DOWN = "\x1b", "\x1b[A", "\x1b[B"
CLEAR = "\x05\x15"
"""Go to the end of the line, and clear it."""
OPENED = ("[ Start ]", "Add a site", "Installing", "Keep this address?")
"""The first pages: Welcome, the overview, a run that has not ended, and an address on trial."""
STEPS, RIGHT, LABEL = 23, 25, 21
"""Width of the step list, first column of the right half, width of labels; at 80 columns."""
BUSY = re.compile("Checking this machine|Reading your code|Reading the repository|Preparing the plan")
SIGN = re.compile(r" .([●✓✗!≠○–◐])")


@dataclass(frozen=True)
class Variable:
    """A row of a table: its kind is "visible", "hidden" or "generated"."""

    name: str
    kind: str
    value: str = ""

    @property
    def seen(self) -> str:
        """Return what its row shows once it is saved."""
        return {"hidden": "saved", "generated": "32 random characters"}.get(self.kind, self.value)


Answer = str | tuple[Variable, ...]
"""The answer to a question. Enter alone if the same is suggested."""


class Person:
    """A user with one terminal at a time.

    The output of all of them is kept for tests.
    """

    def __init__(self, pi: Board) -> None:
        self.pi = pi
        self._terminal: Terminal | None = None
        self._before: list[bytes] = []
        self.saved: dict[str, Answer] = {}
        """The answers that the screens reported as saved, by label."""

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

    def log_in(self, *, greeting: str = "", timeout: float = 60.0) -> str:
        """Log in by SSH, run `piwizard`, answer sudo; return the page that opens."""
        terminal = self.connect()
        if greeting:
            terminal.expect(greeting, timeout)
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

    def continue_to_steps(self) -> None:
        """Open the page of all steps by the command palette."""
        self.terminal.rest()
        self.terminal.type("\x10")
        self.terminal.see("type a part of a command")
        self.terminal.type("all steps\r")
        self.terminal.see("Web server")
        self.terminal.rest()

    def marks(self) -> list[str]:
        """Return the status marks of the steps."""
        return [found[1] for line in self.terminal.lines if (found := SIGN.match(line[:STEPS]))]

    def onto(self, title: str) -> None:
        """Move the cursor to a step with the arrow keys."""
        self.terminal.type(ESC)
        self.terminal.rest()
        for key in (UP, DOWN):
            before = -2
            while before != (before := self._chosen):
                if re.match(rf" .. {title}( |$)", self.terminal.lines[before][:STEPS]):
                    self.terminal.rest(0.5)
                    return
                self.terminal.type(key)
                self.terminal.wait(lambda: self._chosen != before, 2.0)  # noqa: B023 — called at once
        raise AssertionError("\n".join(self.terminal.lines))

    @property
    def _chosen(self) -> int:
        """Return the line of the step at the cursor."""
        marked = [number for number, line in enumerate(self.terminal.lines) if re.match(r" [▸>]", line[:STEPS])]
        return marked[0] if marked else -1

    @property
    def here(self) -> str:
        """Return the right half's line at the cursor; empty if it is on the steps."""
        cursor = self.terminal.screen.cursor
        return self.terminal.lines[cursor.y][RIGHT:] if cursor.x >= RIGHT else ""

    def enter(self) -> None:
        """Press Enter, and wait until the cursor has moved."""
        cursor = self.terminal.screen.cursor
        before = (cursor.x, cursor.y)
        self.terminal.type("\r")
        self.terminal.wait(lambda: (cursor.x, cursor.y) != before, 3.0)
        self.terminal.rest(0.2)

    def answer(self, step: str, answers: Mapping[str, Answer]) -> None:
        """Answer a step's questions, type missing values, wait until it is saved."""
        left = dict(answers)
        for _ in range(3):  # go back to the questions that were passed
            self.onto(step)
            self.terminal.wait(lambda: not BUSY.search("\n".join(self.terminal.lines)), 60)
            self._go_through(left)
            if not left:
                return
        raise AssertionError(f"not asked for: {left}\n" + "\n".join(self.terminal.lines))

    def _go_through(self, left: dict[str, Answer]) -> None:
        """Answer from the first question to the buttons; remove the answered ones."""
        self.enter()
        self.terminal.wait(lambda: bool(self.here), 90)
        for _ in range(40):
            self.terminal.rest(0.2)
            if self.here.startswith("[ ") or not left:
                return
            if label := next((name for name in left if self._is_asked(name)), ""):
                self._fill(label, left.pop(label))
            else:
                self.enter()

    def _is_asked(self, label: str) -> bool:
        """Return whether the cursor is in the field of this label.

        A table's label is above it.
        """
        rows = [line[RIGHT:] for line in self.terminal.lines[: self.terminal.screen.cursor.y + 1]]
        own = next((row for row in reversed(rows) if row[:1].strip()), "") if self.here else ""
        return own.startswith(textwrap.wrap(label, LABEL)[0])

    def _fill(self, label: str, wanted: Answer) -> None:
        if isinstance(wanted, str):
            if f"‹ {wanted} ›" not in self.here and "‹" in self.here:
                self._turn_to(wanted)
            elif not re.search(rf"(^| ){re.escape(wanted)}( |$)", self.here) and "saved" not in self.here:
                self._type(wanted)
            self.enter()
        else:
            for each in wanted:
                self._fill_row(each)
        tick = f"{textwrap.wrap(label, LABEL)[-1]} ✓"
        if not self.terminal.wait(lambda: any(line[RIGHT:].startswith(tick) for line in self.terminal.lines), 20):
            raise AssertionError(f"no line shows that {label} is saved:\n" + "\n".join(self.terminal.lines))
        self.saved[label] = wanted

    def _type(self, words: str) -> None:
        """Type into the field, cleared before."""
        self.terminal.type(CLEAR)
        self.terminal.rest(0.2)
        self.terminal.type(words)
        self.terminal.wait(lambda: words[-12:] in self.here or "•" in self.here, 5.0)

    def _turn_to(self, word: str) -> None:
        """Move through the options of a choice."""
        for _ in range(12):
            if f"‹ {word} ›" in self.here:
                return
            before = self.here
            self.terminal.type(" ")
            self.terminal.wait(lambda: self.here != before, 2.0)  # noqa: B023 — called at once
        raise AssertionError(f"no {word}:\n" + "\n".join(self.terminal.lines))

    def _fill_row(self, row: Variable) -> None:
        """Fill in name, kind and value; skip rows that are filled."""
        while "= ‹" in self.here and not re.search(r"name +=", self.here):
            if row.name in self.here and row.seen in self.here:
                return
            self._to_the_next_row()
        self._type(row.name)
        self.enter()
        self._turn_to(row.kind)
        self.enter()
        if row.value:
            self._type(row.value)
            self.enter()

    def _to_the_next_row(self) -> None:
        here = self.terminal.screen.cursor.y
        for _ in range(4):
            self.enter()
            if self.terminal.screen.cursor.y != here:
                return
