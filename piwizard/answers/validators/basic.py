"""Validate texts, numbers, choices and lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Validator = Callable[[Any], Any]


class Invalid(ValueError):
    """The answer is not acceptable; the message says what it must be.

    `member` is the key of a table's member that the message is about.
    """

    def __init__(self, message: str, member: str = "") -> None:
        super().__init__(message)
        self.member = member


def text(value: Any) -> str:
    """Accept one line of printable text, not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid("must be a text in quotes, and not empty")
    return one_line(value)


def one_line(value: str) -> str:
    """Accept one line of printable text.

    The error never repeats the value: it may be a secret.
    """
    if not value.isprintable():
        raise Invalid("must not contain line breaks or control characters")
    if len(value) > 1000:
        raise Invalid("must not be longer than 1000 characters")
    return value


def whole(low: int, high: int) -> Validator:
    """Return a validator for a whole number from `low` to `high`."""

    def validate(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Invalid(f"must be a whole number from {low} to {high}")
        return value

    return validate


def yes_or_no(value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise Invalid("must be true or false")
    return value


def one_of(*choices: str) -> Validator:
    """Return a validator for one of these words."""

    def validate(value: Any) -> str:
        if value not in choices:
            raise Invalid(f"must be one of {', '.join(choices)}")
        return str(value)

    return validate


def list_of(inner: Validator, most: int, *, least: int = 0) -> Validator:
    """Return a validator for a list of distinct members that all pass `inner`."""

    def validate(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Invalid(
                f"must be a list of {least} to {most} texts" if least else f"must be a list of at most {most} texts"
            )
        kept = [inner(member) for member in value]
        if len({repr(member) for member in kept}) < len(kept):
            raise Invalid("must not name anything twice")
        return kept

    return validate
