"""The terminal, a line at a time: with questionary where it can move its cursor, with nothing but text where not."""

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
    """What the plain front end needs of a terminal. KeyboardInterrupt and EOFError mean that the person leaves."""

    def say(self, *lines: str) -> None:
        """Shows each text as one line, whatever is in it."""

    def show(self, text: str, indent: str = "    ") -> None:
        """Shows a text that may have several lines, indented but for the first."""

    def line(self, message: str) -> str:
        """Asks for a line and returns it without spaces around it."""

    def secret(self, message: str) -> str:
        """Asks for a line that is not shown."""


@contextmanager
def echoing(wanted: bool) -> Iterator[None]:
    """Whether the terminal shows what is typed meanwhile. Between questions it does not: it could be a secret."""
    terminal_input = sys.stdin.fileno()
    before = termios.tcgetattr(terminal_input)
    flags = before[3] | termios.ECHO if wanted else before[3] & ~termios.ECHO
    termios.tcsetattr(terminal_input, termios.TCSADRAIN, [*before[:3], flags, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(terminal_input, termios.TCSADRAIN, before)


class PlainConsole:
    """Text and line feeds, for dumb terminals and serial lines: the terminal itself does the editing."""

    def say(self, *lines: str) -> None:
        printing.say(*lines)

    def show(self, text: str, indent: str = "    ") -> None:
        printing.show(text, indent=indent)

    def line(self, message: str) -> str:
        with echoing(True):
            return _there(printing.ask(message))

    def secret(self, message: str) -> str:
        return _there(printing.ask_secret(message))


class QuestionaryConsole(PlainConsole):
    """Lines edited with questionary."""

    def line(self, message: str) -> str:
        import questionary

        return str(questionary.text(_question(message), qmark="?").unsafe_ask()).strip()

    def secret(self, message: str) -> str:
        import questionary

        return str(questionary.password(_question(message), qmark="?").unsafe_ask())


def _there(typed: str | None) -> str:
    if typed is None:
        raise EOFError
    return typed


def _question(message: str) -> str:
    """A question as questionary, which prints by itself, may have it."""
    return in_ascii(printing.visible_question(message))


def open_console() -> Console:
    """The console that fits this terminal."""
    if terminal.only_ascii():
        codecs.register_error("piwizard", _replaced)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="ascii", errors="piwizard")
    if not terminal.supports_cursor():
        return PlainConsole()
    # Asking a serial line where its cursor is leaves the answer standing there.
    os.environ["PROMPT_TOOLKIT_NO_CPR"] = "1"
    return QuestionaryConsole()


def choose(console: Console, message: str, choices: Mapping[str, str], default: str | None = None) -> str:
    """One of some words, by the word, its beginning or its number. Enter takes the default, where there is one."""
    words = list(choices)
    for number, (word, text) in enumerate(choices.items(), start=1):
        console.say(f"  {number}  {word}: {text}" if text else f"  {number}  {word}")
    while True:
        said = console.line(f"{message} [{default}]" if default else message).lower()
        if not said and default:
            return default
        if said.isdigit() and 1 <= int(said) <= len(words):
            return words[int(said) - 1]
        found = [said] if said in words else [word for word in words if said and word.startswith(said)]
        if len(found) == 1:
            return found[0]
        console.say(f"  Please type one of: {', '.join(words)}, or its number.")


def yes(console: Console, message: str, default: bool) -> bool:
    """A question that is answered with y or n."""
    while True:
        said = console.line(f"{message} [{'Y/n' if default else 'y/N'}]").lower()
        if said in ("", "y", "yes", "n", "no"):
            return said[:1] == "y" if said else default
        console.say("  Please type y or n.")


def in_ascii(text: str) -> str:
    """The text as this terminal can show it."""
    return text.encode("ascii", "piwizard").decode() if sys.stdout.encoding == "ascii" else text


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_plain(char) for char in error.object[error.start : error.end]), error.end


def _plain(char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[0]
    return ASCII.get(char) or (base if base.isascii() else "?")
