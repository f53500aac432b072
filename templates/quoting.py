"""Quote values for nginx, systemd and the shell, so that they stay values."""

from __future__ import annotations

import re
import shlex

from piwizard.errors import PiwizardError

_PLAIN_FOR_NGINX = re.compile(r"[A-Za-z0-9._/:@%+=,-]+")
#: Characters that end, open or expand something in nginx, which has no way to escape "$".
_DANGEROUS_FOR_NGINX = frozenset(";{}\"'$\\")


def nginx_quote(value: object) -> str:
    """Return an argument of an nginx directive, quoted if needed.

    Refuse what could become something else.
    """
    text = str(value)
    bad = sorted({char for char in text if char in _DANGEROUS_FOR_NGINX or not char.isprintable()})
    if bad or not text:
        raise PiwizardError(
            f"{text!r} cannot be written into nginx's configuration: it {_has(bad)}.",
            hint="Use letters, digits, dots, dashes and slashes in names and folders.",
        )
    return text if _PLAIN_FOR_NGINX.fullmatch(text) else f'"{text}"'


def shell_word(value: object) -> str:
    """Return one word for a shell script."""
    return shlex.quote(str(value))


def unit_word(value: object) -> str:
    """Return one word of a list or assignment in a systemd unit."""
    text = _printable(value).replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9._/:@%+=,-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unit_argument(value: object) -> str:
    """Return one argument of a command line in a systemd unit, where "$" expands too."""
    return unit_word(str(value).replace("$", "$$"))


def unit_line(value: object) -> str:
    """Return the rest of a line in a systemd unit, without quoting.

    For values in which quotes are not special: a path, a description.
    """
    text = _printable(value)
    if text != text.strip() or text.endswith("\\"):
        raise _refused(text, "starts or ends with what systemd would drop")
    return text.replace("%", "%%")


def environment_value(value: object) -> str:
    """Return a value for systemd's EnvironmentFile=, in double quotes."""
    escaped = "".join(f"\\{sign}" if sign in '"\\`$' else sign for sign in str(value))
    return f'"{escaped}"'


def _printable(value: object) -> str:
    text = str(value)
    bad = sorted({char for char in text if not char.isprintable()})
    if bad or not text:
        raise _refused(text, _has(bad))
    return text


def _refused(text: str, why: str) -> PiwizardError:
    return PiwizardError(
        f"{text!r} cannot be written into a systemd unit: it {why}.",
        hint="Use letters, digits, dots, dashes and slashes in names and folders.",
    )


def _has(bad: list[str]) -> str:
    return f"contains {', '.join(map(repr, bad))}" if bad else "is empty"
