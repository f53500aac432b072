"""Record a journey's promises beside its folder, among its system calls."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Name = tuple[str, ...]
"""The subject of a promise: ("answer", "myflask", "app.repo")."""


class Notes:
    """The journey's side: what has begun, and what has returned."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @contextmanager
    def promised(self, value: object, *name: str) -> Iterator[None]:
        """Allow the old value inside the block; require `value` from its end on."""
        self._say("begin", name, value)
        yield
        self._say("end", name, value)

    def holds(self, value: object, *name: str) -> None:
        """Require this value from now on."""
        with self.promised(value, *name):
            pass

    def may_be(self, value: object, *name: str) -> None:
        """Allow this value, too, until the next promise of that name is kept."""
        self._say("begin", name, value)

    def settled(self) -> None:
        """Treat everything so far as written to the disk."""
        self._say("settled", (), None)

    def _say(self, word: str, name: Name, value: object) -> None:
        os.write(self._file, json.dumps([word, name, value]).encode() + b"\n")


class Promises:
    """The reader's side: allowed and required values."""

    def __init__(self) -> None:
        self._allowed: dict[Name, list[Any]] = {}

    def take(self, word: str, name: Name, value: object) -> None:
        """Read one line of the notes."""
        if word == "begin":
            self._allowed.setdefault(name, [None]).append(value)
        elif word == "end":
            self._allowed[name] = [value]

    def now(self) -> dict[Name, list[Any]]:
        """Return the allowed values of each name; None is: unknown."""
        return {name: list(values) for name, values in self._allowed.items()}
