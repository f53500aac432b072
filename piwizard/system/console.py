"""Print to the terminal and read from it.

No other module does this. All text is made visible and stripped of secrets first, whatever it comes from. A test
searches all other modules for output that avoids this one.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, TextIO

from piwizard.errors import PiwizardError
from piwizard.system import printable, start_line, styled
from piwizard.system.styled import Line

if TYPE_CHECKING:
    from piwizard.system.secret_filter import Secret, SecretFilter

_secret_filter: SecretFilter | None = None


def hide_secrets(secrets: Iterable[Secret | str]) -> None:
    """Hide these secrets in all further output."""
    global _secret_filter  # noqa: PLW0603 — a process has one terminal
    from piwizard.system.secret_filter import SecretFilter

    if _secret_filter is None:
        _secret_filter = SecretFilter()
    _secret_filter.add(secrets)


def without_secrets(text: str) -> str:
    """Return a text without secrets, for output that is not printed."""
    return _secret_filter.text(text) if _secret_filter else text


def say(*lines: Line, hang: int | None = None, wrap: bool = True) -> None:
    """Print each text as one line; a line feed in it is made visible.

    At a terminal, lines are wrapped, with an indent of `hang` columns, unless they are to be copied (`wrap`).
    """
    _write(lines, sys.stdout, hang, wrap=wrap)


def warn(*lines: Line) -> None:
    """Print each text as one line to stderr."""
    _write(lines, sys.stderr)


def show(text: str, *, indent: str = "    ", errors: bool = False) -> None:
    """Print a text of several lines.

    `indent` is put before all lines but the first, to set them apart from piwizard's own lines.
    """
    first, *others = printable.lines(without_secrets(text), indent)
    _write([first], sys.stderr if errors else sys.stdout, len(indent))
    _write(others, sys.stderr if errors else sys.stdout, len(indent) + styled.EXTRA_INDENT)


def reveal(rows: Iterable[tuple[str, str]], qr: str = "") -> None:
    """Print values that the user has asked to see, even secrets, and a QR code.

    The code of a text is only drawn at a terminal that can show it.
    """
    import segno

    start_line.erase()
    for label, value in rows:
        print(f"  {label + ':':12} {as_encodable(printable.line(value), sys.stdout)}", flush=True)
    if qr and sys.stdout.isatty() and supports_unicode():
        print("", flush=True)
        segno.make(qr, error="l", micro=False).terminal(border=2, compact=True)


def say_json(value: object, *, but: Collection[str] = (), with_secrets: bool = False) -> None:
    """Print a value as JSON on one line.

    The fields named in `but` are piwizard's own: a secret equal to a word in them is not replaced there. `with_secrets`
    is for secrets that their owner has asked for.
    """
    value = _secret_filter.value(value, but) if _secret_filter and not with_secrets else value
    start_line.erase()
    print(printable.json_text(value, ascii=not supports_unicode()), flush=True)


def ask(asked: str, choices: str = "") -> str | None:
    """Ask for a line of input; None if the terminal was closed.

    `choices` follow the question.
    """
    text = f"{visible_question(asked)} {choices}".strip()
    start_line.erase()
    try:
        return input(f"{as_encodable(text, sys.stdout)} ").strip()
    except EOFError:
        say("")
        return None


def confirm(asked: str) -> None:
    """Ask for confirmation. Raise PiwizardError unless the answer is yes."""
    if not agreed(asked):
        raise PiwizardError("Nothing was changed.", hint="Run the command again and answer `y` to continue.")


def agreed(asked: str) -> bool:
    """Ask for consent on this terminal; no answer means no."""
    return (ask(asked, "[y/N]") or "").lower() in ("y", "yes")


def ask_secret(asked: str) -> str | None:
    """Ask for a line of input without echo; None if the terminal closed."""
    start_line.erase()
    try:
        return getpass.getpass(f"{visible_question(asked)} ")
    except EOFError:
        say("")
        return None


def show_in_pager(lines: Iterable[str]) -> None:
    """Show lines in the user's pager."""
    import click

    start_line.erase()
    click.echo_via_pager("\n".join(as_encodable(visible_line(line), sys.stdout) for line in lines), color=False)


def visible_line(text: str) -> str:
    """Return a line in visible characters and without secrets."""
    return printable.line(without_secrets(text))


def as_encodable(text: str, file: TextIO) -> str:
    """Return a text limited to the characters that the terminal's encoding supports."""
    encoding, errors = file.encoding or "ascii", file.errors
    own = errors if errors not in (None, "strict", "surrogateescape") else "replace"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        from piwizard.system.ascii_text import without_symbols

        return without_symbols(text).encode(encoding, own).decode(encoding)
    return text


def supports_unicode() -> bool:
    """Return whether the terminal shows more than ASCII."""
    return (sys.stdout.encoding or "ascii").lower().startswith("utf")


def visible_question(text: str) -> str:
    """Return a question as one visible line of limited length."""
    return printable.value(without_secrets(text))


def _write(lines: Iterable[Line], file: TextIO, hang: int | None = None, *, wrap: bool = True) -> None:
    columns, color = styled.width(file) if wrap else None, styled.has_color(file)
    for line in lines:
        parts = [(visible_line(text), style) for text, style in styled.spans(line)]
        for one in styled.wrap(parts, columns, hang) if columns else [parts]:
            start_line.erase()
            shown = [(as_encodable(text, file), style) for text, style in one]
            print(styled.paint(shown) if color else "".join(text for text, _ in shown), file=file, flush=True)
