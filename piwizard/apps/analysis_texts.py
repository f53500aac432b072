"""Decide which texts and paths of an analysis may be used at all."""

from __future__ import annotations

from piwizard.answers import validators as v

MAX_TEXT_LENGTH = 1000
MAX_PATH_LENGTH = 400


def is_repository_path(path: str) -> bool:
    """Return whether a text is a plain path inside the repository."""
    parts = path.split("/")
    plain = path.isprintable() and len(path) <= MAX_PATH_LENGTH and not path.startswith("-")
    return plain and not {"", ".", ".."} & set(parts) and parts[0] != ".git"


def is_entry(text: str) -> bool:
    """Return whether a text names a WSGI callable, or calls one with literals."""
    return accepts(v.entry, text)


def accepts(validator: v.Validator, value: object) -> bool:
    """Return whether a value could be an answer."""
    try:
        validator(value)
    except v.Invalid:
        return False
    return True


def is_short_text(text: str) -> bool:
    """Return whether a text can be shown as it is."""
    return text.isprintable() and len(text) <= MAX_TEXT_LENGTH


def printable(text: str | None) -> str | None:
    """Return a text of the code without control characters, shortened."""
    return text and "".join(sign if sign.isprintable() else " " for sign in text[:MAX_TEXT_LENGTH])
