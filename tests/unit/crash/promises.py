"""What a journey says it has been promised: written beside its folder, so that it stands among its system calls."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Name = tuple[str, ...]
"""What it is about: ("answer", "myflask", "app.repo")."""


class Notes:
    """The journey's side: what is begun, what has returned."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @contextmanager
    def promised(self, value: object, *name: str) -> Iterator[None]:
        """Inside, `name` may still be what it was; from its end on it has to be `value`, whatever happens."""
        self._say("begin", name, value)
        yield
        self._say("end", name, value)

    def holds(self, value: object, *name: str) -> None:
        """It is so from now on."""
        with self.promised(value, *name):
            pass

    def may_be(self, value: object, *name: str) -> None:
        """It may be so as well, until the next promise of that name has been kept."""
        self._say("begin", name, value)

    def settled(self) -> None:
        """What was done so far is long ago: all of it is on the disk."""
        self._say("settled", (), None)

    def _say(self, word: str, name: Name, value: object) -> None:
        os.write(self._file, json.dumps([word, name, value]).encode() + b"\n")


class Promises:
    """The reader's side: what may be found, and what must be."""

    def __init__(self) -> None:
        self._allowed: dict[Name, list[Any]] = {}

    def take(self, word: str, name: Name, value: object) -> None:
        """One line of the notes."""
        if word == "begin":
            self._allowed.setdefault(name, [None]).append(value)
        elif word == "end":
            self._allowed[name] = [value]

    def now(self) -> dict[Name, list[Any]]:
        """For each name the values that may be found; None is: nothing is known of it."""
        return {name: list(values) for name, values in self._allowed.items()}
