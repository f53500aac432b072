"""A person at the screens: logs in by SSH, goes through steps and questions by keys alone, and looks before typing."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.board import Board
from tests.lab.terminal import Terminal

ESC, UP, DOWN = "\x1b", "\x1b[A", "\x1b[B"
CLEAR = "\x05\x15"
"""To the end of the line, and all of it away."""
OPENED = ("Enter continue", "Keep this address?")
STEPS, RIGHT, LABEL = 23, 25, 21
"""How wide the list of steps is, where the right half begins, how wide labels are; at 80 columns."""
BUSY = re.compile("Checking this machine|Reading your code")
SIGN = re.compile(r" .([●✓✗!≠○–◐])")


@dataclass(frozen=True)
class Variable:
    """One row of a table: its kind is "visible", "hidden" or "generated"."""

    name: str
    kind: str
    value: str = ""

    @property
    def seen(self) -> str:
        """What its row shows once it is kept."""
        return {"hidden": "saved", "generated": "32 random characters"}.get(self.kind, self.value)


Answer = str | tuple[Variable, ...]
"""What is given to a question. Enter alone where the same is suggested."""


class Person:
    """One person, with one terminal at a time. What all of the terminals have shown is kept for those who look."""

    def __init__(self, pi: Board) -> None:
        self.pi = pi
        self._terminal: Terminal | None = None
        self._before: list[bytes] = []
        self.told: dict[str, Answer] = {}
        """The answers of which the screens have said that they are kept, by their labels."""

    @property
    def connected(self) -> bool:
        """Whether there is a terminal."""
        return self._terminal is not None

    @property
    def terminal(self) -> Terminal:
        """The terminal, which is open."""
        assert self._terminal is not None
        return self._terminal

    @property
    def shown(self) -> bytes:
        """Every byte that came to any of the terminals."""
        return b"".join([*self._before, self._terminal.raw if self._terminal else b""])

    def connect(self) -> Terminal:
        """A terminal of one's own, in which ssh is started. Any terminal before is closed."""
        self.leave()
        self._terminal = Terminal(self.pi.ssh_argv(tty=True))
        return self._terminal

    def log_in(self, *, greeting: str = "", timeout: float = 60.0) -> str:
        """A login by SSH; `piwizard` is typed there, and sudo's question answered. Gives which page opens."""
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
        """The terminal is closed, or the line is cut."""
        if self._terminal is not None:
            self._terminal.hang_up()
            self._before.append(self._terminal.raw)
            self._terminal = None

    def go_on(self) -> None:
        """From the first page to the steps."""
        self.terminal.type("\r")
        self.terminal.see("Web server")
        self.terminal.rest()

    def signs(self) -> list[str]:
        """The signs before the steps."""
        return [found[1] for line in self.terminal.lines if (found := SIGN.match(line[:STEPS]))]

    def onto(self, title: str) -> None:
        """The cursor onto a step, by arrows."""
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
        """The line of the step that the cursor is on."""
        marked = [number for number, line in enumerate(self.terminal.lines) if re.match(r" [▸>]", line[:STEPS])]
        return marked[0] if marked else -1

    @property
    def here(self) -> str:
        """The line of the right half in which the cursor is; nothing while it is on the steps."""
        cursor = self.terminal.screen.cursor
        return self.terminal.lines[cursor.y][RIGHT:] if cursor.x >= RIGHT else ""

    def enter(self) -> None:
        """Presses Enter, and waits until the cursor has moved."""
        cursor = self.terminal.screen.cursor
        before = (cursor.x, cursor.y)
        self.terminal.type("\r")
        self.terminal.wait(lambda: (cursor.x, cursor.y) != before, 3.0)
        self.terminal.rest(0.2)

    def answer(self, step: str, answers: Mapping[str, Answer]) -> None:
        """Goes through the questions of a step with Enter, types what is not there yet, and waits until it is kept."""
        left = dict(answers)
        for _ in range(3):  # what was passed by is gone back to
            self.onto(step)
            self.terminal.wait(lambda: not BUSY.search("\n".join(self.terminal.lines)), 60)
            self._go_through(left)
            if not left:
                return
        raise AssertionError(f"not asked for: {left}\n" + "\n".join(self.terminal.lines))

    def _go_through(self, left: dict[str, Answer]) -> None:
        """From the first question to the buttons; takes out what was answered."""
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
        """Whether the cursor is in the field of this label; those of tables stand above them."""
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
            raise AssertionError(f"nobody says that {label} is kept:\n" + "\n".join(self.terminal.lines))
        self.told[label] = wanted

    def _type(self, words: str) -> None:
        """Into an empty line: what stood there is taken away before."""
        self.terminal.type(CLEAR)
        self.terminal.rest(0.2)
        self.terminal.type(words)
        self.terminal.wait(lambda: words[-12:] in self.here or "•" in self.here, 5.0)

    def _turn_to(self, word: str) -> None:
        """Goes through the words of a choice."""
        for _ in range(12):
            if f"‹ {word} ›" in self.here:
                return
            before = self.here
            self.terminal.type(" ")
            self.terminal.wait(lambda: self.here != before, 2.0)  # noqa: B023 — called at once
        raise AssertionError(f"no {word}:\n" + "\n".join(self.terminal.lines))

    def _fill_row(self, row: Variable) -> None:
        """A name, the kind of its value, the value; rows that others have filled are passed by."""
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
