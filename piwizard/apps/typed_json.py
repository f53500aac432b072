"""Decode untrusted JSON into dataclasses, with size limits, unconverted."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

MAX_TEXT_LENGTH = 4096
MAX_ITEMS = 5000
MAX_NUMBER = 1 << 31


class MalformedAnalysis(ValueError):
    """A value has the wrong type, or is too large."""


def decode_as(kind: Any, value: object) -> Any:
    """Return `value` as a `kind`. MalformedAnalysis if it is something else.

    A kind is str, int, bool, None, a dataclass, or a tuple or union of these.
    """
    if is_dataclass(kind):
        return _decode_dataclass(kind, value)
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return _decode_tuple(arguments, value)
    if arguments:
        return None if value is None else decode_as(next(one for one in arguments if one is not NoneType), value)
    if type(value) is not kind:
        raise MalformedAnalysis(f"a {type(value).__name__} instead of a {kind.__name__}")
    too_large = len(value) > MAX_TEXT_LENGTH if isinstance(value, str) else abs(value) > MAX_NUMBER  # type: ignore[arg-type]
    if too_large:
        raise MalformedAnalysis(f"a {kind.__name__} that is too large")
    return value


def _decode_tuple(arguments: tuple[Any, ...], value: object) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise MalformedAnalysis("no list, or one that is too long")
    if arguments[1:] == (...,):
        return tuple(decode_as(arguments[0], item) for item in value)
    if len(value) != len(arguments):
        raise MalformedAnalysis("a list of another length")
    return tuple(decode_as(kind, item) for kind, item in zip(arguments, value, strict=True))


def _decode_dataclass(kind: Any, value: object) -> Any:
    hints = _field_types(kind)
    if not isinstance(value, dict) or set(value) != set(hints):
        raise MalformedAnalysis(f"no {kind.__name__}")
    return kind(**{name: decode_as(hint, value[name]) for name, hint in hints.items()})


@lru_cache(maxsize=32)
def _field_types(kind: Any) -> dict[str, Any]:
    found = get_type_hints(kind)
    return {field.name: found[field.name] for field in fields(kind)}
