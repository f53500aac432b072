"""Use the terminal line by line: with questionary, or as plain text.

questionary needs a terminal that can move its cursor.
"""

from __future__ import annotations

import codecs
import os
import sys
import termios
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from piwizard.system import console as printing
from piwizard.system import terminal

ASCII = {
    "…": "...", "–": "-", "—": "-", "·": "-", "•": "*", "“": '"', "”": '"', "’": "'", "‘": "'", "→": "->", "×": "x",
    "○": ".", "●": "*", "✓": "+", "≠": "~", "✗": "x",
}  # fmt: skip


class Console(Protocol):
    """A terminal for the prompts. KeyboardInterrupt and EOFError mean: quit."""

    def say(self, *lines: str) -> None:
        """Show each text as one line, even if it contains line breaks."""

    def show(self, text: str, indent: str = "    ") -> None:
        """Show a text that may have several lines; all but the first are indented."""

    def copy(self, text: str) -> None:
        """Show a text that is to be copied, on one line however long it is."""

    def line(self, message: str) -> str:
        """Ask for a line and return it without spaces around it."""

    def secret(self, message: str) -> str:
        """Ask for a line that is not shown."""


@contextmanager
def echoing(wanted: bool) -> Iterator[None]:
    """Show or hide what is typed meanwhile.

    Between questions it is hidden, since it could be a secret.
    """
    terminal_input = sys.stdin.fileno()
    before = termios.tcgetattr(terminal_input)
    flags = before[3] | termios.ECHO if wanted else before[3] & ~termios.ECHO
    termios.tcsetattr(terminal_input, termios.TCSADRAIN, [*before[:3], flags, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(terminal_input, termios.TCSADRAIN, before)


class PlainConsole:
    """Text and line feeds, for dumb terminals and serial lines.

    The terminal itself edits the line.
    """

    def say(self, *lines: str) -> None:
        printing.say(*lines)

    def show(self, text: str, indent: str = "    ") -> None:
        printing.show(text, indent=indent)

    def copy(self, text: str) -> None:
        printing.say(text, wrap=False)

    def line(self, message: str) -> str:
        with echoing(True):
            return _require(printing.ask(message))

    def secret(self, message: str) -> str:
        return _require(printing.ask_secret(message))


class QuestionaryConsole(PlainConsole):
    """Lines that are edited with questionary."""

    def line(self, message: str) -> str:
        import questionary

        return str(questionary.text(_question(message), qmark="?").unsafe_ask()).strip()

    def secret(self, message: str) -> str:
        import questionary

        return str(questionary.password(_question(message), qmark="?").unsafe_ask())


def _require(typed: str | None) -> str:
    if typed is None:
        raise EOFError
    return typed


def _question(message: str) -> str:
    """Return a question in a form that is safe for questionary, which prints by itself."""
    return in_ascii(printing.visible_question(message))


def open_console() -> Console:
    """Return the console for this terminal."""
    if terminal.only_ascii():
        codecs.register_error("piwizard", _replaced)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="ascii", errors="piwizard")
    if not terminal.supports_cursor():
        return PlainConsole()
    # A serial line that is asked where its cursor is shows the answer on the screen.
    os.environ["PROMPT_TOOLKIT_NO_CPR"] = "1"
    return QuestionaryConsole()


def choose(console: Console, message: str, choices: Mapping[str, str], default: str | None = None) -> str:
    """Let the user choose, and return the choice.

    They can type its name, the beginning of the name, or its number. Enter selects the default.
    """
    names = list(choices)
    for number, (name, text) in enumerate(choices.items(), start=1):
        console.say(f"  {number}  {name}: {text}" if text else f"  {number}  {name}")
    while True:
        typed = console.line(f"{message} [{default}]" if default else message).lower()
        if not typed and default:
            return default
        if typed.isdigit() and 1 <= int(typed) <= len(names):
            return names[int(typed) - 1]
        same = [name for name in names if name.lower() == typed]
        found = same or [name for name in names if typed and name.lower().startswith(typed)]
        if len(found) == 1:
            return found[0]
        console.say(f"  Type one of: {', '.join(names)}, or its number.")


def yes(console: Console, message: str, default: bool) -> bool:
    """Ask a question that is answered with y or n."""
    while True:
        typed = console.line(f"{message} [{'Y/n' if default else 'y/N'}]").lower()
        if typed in ("", "y", "yes", "n", "no"):
            return typed[:1] == "y" if typed else default
        console.say("  Type y or n.")


def in_ascii(text: str) -> str:
    """Return the text as this terminal can show it."""
    return text.encode("ascii", "piwizard").decode() if sys.stdout.encoding == "ascii" else text


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_plain(char) for char in error.object[error.start : error.end]), error.end


def _plain(char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[0]
    return ASCII.get(char) or (base if base.isascii() else "?")
