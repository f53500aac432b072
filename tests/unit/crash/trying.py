"""Try every state that a power cut in a journey may leave: write, open, continue."""

from __future__ import annotations

import json
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.crash import looking
from tests.unit.crash.disk import Disk, Tree
from tests.unit.crash.promises import Name, Promises
from tests.unit.crash.tracing import Call, record

MEMORY = Path("/dev/shm")
EVERY = 40
"""In one of this many states the commands are run, too."""


@dataclass
class Outcome:
    """The result of a journey; `failures` has place and error of each failed state."""

    journey: str
    calls: int = 0
    states: int = 0
    failures: list[str] = field(default_factory=list)


def try_journey(name: str, *, most: int | None = None) -> Outcome:
    """Record a journey, and try all of its states, or an even sample of about `most`."""
    outcome = Outcome(name)
    with _scratch() as root:
        notes = root.with_name("notes")
        root.mkdir()
        calls = record(name, root, notes)
        tried = _Tried(root)
        points = list(_points(calls, root, notes))
        for call, tree, promises in points[:: max(1, len(points) // most) if most else 1]:
            fresh = outcome.states % EVERY == 0
            if (found := tried.one(tree, promises, commands=fresh)) is None:
                continue
            outcome.states += 1
            outcome.failures += [f"{name}, after {call}: {trouble}" for trouble in found]
        outcome.calls = len(calls)
    return outcome


@contextmanager
def _scratch() -> Iterator[Path]:
    """Return a folder with a path of constant length, so that all traces match."""
    folder = Path(tempfile.mkdtemp(prefix="piwizard-crash-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        yield folder / "root"
    finally:
        shutil.rmtree(folder)


def _points(calls: list[Call], root: Path, notes: Path) -> Iterator[tuple[str, Tree, dict[Name, list[Any]]]]:
    """Yield the possible points of a power cut, with the promises up to each."""
    disk, promises = Disk(root), Promises()
    begins = max((number for number, call in enumerate(calls, 1) if b'["settled"' in call.data), default=0)
    for number, call in enumerate(calls, 1):
        where = f"call {number} ({call.name} {call.paths[-1].name if call.paths else ''})"
        if call.paths and call.paths[0] == notes:
            if not call.data:
                continue
            word, name, value = json.loads(call.data)
            if word == "settled":
                disk.settle()
            else:
                promises.take(word, tuple(name), value)
        elif not disk.take(call):
            continue
        if number < begins:
            continue
        for tree in disk.states():
            yield where, tree, promises.now()


class _Tried:
    """Writes states to one folder in turn, since files contain its paths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: set[tuple[Tree, str]] = set()

    def one(self, tree: Tree, promises: dict[Name, list[Any]], *, commands: bool) -> list[str] | None:
        """Return the error of a state; None if it was tried before."""
        key = (tree, repr(sorted(promises.items())))
        if key in self._seen:
            return None
        self._seen.add(key)
        self._write(tree)
        troubles = []
        with looking.piwizard_in(self._root):
            try:
                found = looking.read_promised(self._root, promises)
                for name, value in found.items():
                    if value not in promises[name]:
                        troubles.append(f"{' '.join(name)} is {value!r}, and must be {_either(promises[name])}")
                if commands:
                    looking.commands()
                looking.continue_setup()
            except Exception as error:  # noqa: BLE001 — whatever it is, a person would have met it
                last = traceback.extract_tb(error.__traceback__)[-1]
                troubles.append(f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})")
        return troubles

    def _write(self, tree: Tree) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        for path, kind, content in tree:
            where = self._root / path
            if kind == "folder":
                where.mkdir()
            elif kind == "link":
                where.symlink_to(content.decode())
            else:
                where.write_bytes(content)


def _either(values: list[Any]) -> str:
    return " or ".join(map(repr, values))
