"""Everything that a command prints or asks in a terminal goes through here, and nothing around it.

Whatever the text is made from, a terminal gets lines that are visible, and without the secrets of the answers.
A test looks through all other modules for ways around this one.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, TextIO

from piwizard.errors import PiwizardError
from piwizard.system import printable

if TYPE_CHECKING:
    from piwizard.system.secret_filter import Concealer, Secret

_concealer: Concealer | None = None


def hide(secrets: Iterable[Secret | str]) -> None:
    """Keep these out of all that is printed from now on."""
    global _concealer  # noqa: PLW0603 — one for the whole process, as its terminal is
    from piwizard.system.secret_filter import Concealer

    if _concealer is None:
        _concealer = Concealer()
    _concealer.add(secrets)


def concealed(text: str) -> str:
    """Return a text without secrets, for what is shown in other ways than by printing it."""
    return _concealer.text(text) if _concealer else text


def say(*lines: str) -> None:
    """Print each text as one line: a line feed in it is shown, and begins no line."""
    _write(map(shown, lines), sys.stdout)


def warn(*lines: str) -> None:
    """Print each text as one line on stderr."""
    _write(map(shown, lines), sys.stderr)


def show(text: str, *, indent: str = "    ", errors: bool = False) -> None:
    """Print a text of several lines; `indent` before all but the first tells them from lines of piwizard's own."""
    _write(printable.lines(concealed(text), indent), sys.stderr if errors else sys.stdout)


def say_json(value: object, *, but: Collection[str] = ()) -> None:
    """Print a value as JSON on a line of its own. Secrets stay in the fields named by `but`, which are own words."""
    value = _concealer.value(value, but) if _concealer else value
    print(printable.json_text(value, ascii=not unicode_out()), flush=True)


def ask(asked: str, choices: str = "") -> str | None:
    """Ask for a line; `choices` come after the question, however long that is. None where the terminal was closed."""
    text = f"{question(asked)} {choices}".strip()
    try:
        return input(f"{encoded(text, sys.stdout)} ").strip()
    except EOFError:
        say("")
        return None


def confirm(asked: str) -> None:
    """Ask on this terminal. Raise PiwizardError where the answer is not yes."""
    if not agreed(asked):
        raise PiwizardError("Nothing was changed.", hint="Run the command again and answer `y` to continue.")


def agreed(asked: str) -> bool:
    """Ask on this terminal whether to do something; no answer is no."""
    return (ask(asked, "[y/N]") or "").lower() in ("y", "yes")


def ask_secret(asked: str) -> str | None:
    """Ask for a line that is not shown. None where the terminal was closed."""
    try:
        return getpass.getpass(f"{question(asked)} ")
    except EOFError:
        say("")
        return None


def page(lines: Iterable[str]) -> None:
    """Show lines with the pager of whoever sits there."""
    import click

    click.echo_via_pager("\n".join(encoded(shown(line), sys.stdout) for line in lines), color=False)


def shown(text: str) -> str:
    """Return a line as it may be shown: visible, and without secrets."""
    return printable.line(concealed(text))


def encoded(text: str, file: TextIO) -> str:
    """Return a text as the encoding of the terminal can show it."""
    encoding, errors = file.encoding or "ascii", file.errors
    own = errors if errors not in (None, "strict", "surrogateescape") else "replace"
    return text.encode(encoding, own).decode(encoding)


def unicode_out() -> bool:
    """Tell whether the terminal shows more than ASCII."""
    return (sys.stdout.encoding or "ascii").lower().startswith("utf")


def question(text: str) -> str:
    """Return a question as it may be shown: one line of bounded length."""
    return printable.value(concealed(text))


def _write(lines: Iterable[str], file: TextIO) -> None:
    for line in lines:
        print(encoded(line, file), file=file, flush=True)
