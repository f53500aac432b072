"""Count things in words."""

from __future__ import annotations


def count_of(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun, such as "1 site" or "2 sites".

    `several` is the form for other numbers than 1, if it is not `one` with an s.
    """
    return f"{number} {one if number == 1 else several or f'{one}s'}"
