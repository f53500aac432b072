"""A command that is run once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import HOLDS, ChangeFailed, Memory, Preview, Work
from piwizard.changes.building import FIRST_TO_GO
from piwizard.changes.failing import out_of_memory, too_new, wants_to_write
from piwizard.machine import files, opened
from piwizard.machine.commands import Result
from piwizard.machine.snapshot import Machine

VARIABLE = re.compile(r"app\.env\.([A-Za-z_]\w*): ")
MOST_NAMED = 5
GIVE_IT = (
    "`piwizard doctor --fix` asks you for it; you can also put it into [app.env] of the answers, then apply again."
)


@dataclass(frozen=True)
class Command:
    """Runs `argv` as `user` in `cwd`; the file `marker` says that it went well, and with which words.

    `env` may hold secrets: it is handed over in the environment, shown nowhere. `failure` is the sentence for
    a person, with the answer's `key` at fault. `proves` is what has to stay the same for the marker to count, where
    that is less than `argv`: a new host name, or a piwizard installed elsewhere, is no reason to run it again.
    `makes` is a folder of root's that the command makes files in: what lies in it is the user's while it runs.
    `variables` are those that the app reads and nobody gave: where its last words name one, that is what it lacks.
    It is run in the folder `start` of the checkout at `code`.
    `measures` takes from its words what is kept in the marker, for others to read.
    """

    kind: ClassVar[str] = "command"
    what: str
    argv: tuple[str, ...]
    marker: Path
    user: str
    code: Path
    failure: str
    key: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    proves: tuple[str, ...] = ()
    makes: Path | None = None
    variables: tuple[str, ...] = ()
    measures: Callable[[str], Mapping[str, int]] | None = None
    start: str = ""

    def describe(self) -> str:
        return self.what

    def probe(self, machine: Machine, memory: Memory) -> Preview:
        return HOLDS if self._proven() else Preview(holds=False, argv=(self.argv,))

    def apply(self, work: Work) -> None:
        if self.makes:
            # Not the folder itself, nor what git keeps in it: git is run there by root.
            inside = ("find", str(self.makes), "-mindepth", "1", "-name", ".git", "-prune")
            work.command((*inside, "-o", "-exec", "chown", "--no-dereference", self.user, "{}", "+"))
        result = work.command(
            (*FIRST_TO_GO, *self.argv), env=self.env, cwd=self.code / self.start, user=self.user, allow=range(-64, 256)
        )
        if self.makes:
            work.command(("chown", "--recursive", "--no-dereference", "root", str(self.makes)))
            opened.close_to_others(self.makes)
        if not result.ok:
            raise self._failed(result)
        files.make_folders(self.marker.parent)
        found = {"measured": dict(self.measures(result.output))} if self.measures else {}
        files.replace(self.marker, json.dumps({"argv": self._wanted, **found}).encode())

    def _failed(self, result: Result) -> ChangeFailed:
        """The sentence; last words that begin with a variable of the app's stand by themselves."""
        words = last_line(result)
        lacking = next((name for name in self.variables if re.search(rf"\b{name}\b", words)), None)
        if lacking and not VARIABLE.match(words):
            words = f"app.env.{lacking}: the app asks for this variable: {words}"
        if VARIABLE.match(words):
            return ChangeFailed(words, key="app.env", hint=GIVE_IT)
        hint = out_of_memory(result) or too_new(result) or wants_to_write(result, self.code) or self._not_given
        return ChangeFailed(f"{self.failure} {words}", key=self.key, hint=hint)

    @property
    def _not_given(self) -> str | None:
        """What it may lack, where its words do not say."""
        if not self.variables:
            return None
        names = ", ".join(self.variables[:MOST_NAMED]) + (" and others" if len(self.variables) > MOST_NAMED else "")
        return f"Its code reads variables that nobody has given: {names}. [app.env] of the answers is their place."

    @property
    def _wanted(self) -> list[str]:
        return list(self.proves or self.argv)

    def _proven(self) -> bool:
        try:
            return bool(json.loads(files.read(self.marker) or b"{}").get("argv") == self._wanted)
        except (ValueError, AttributeError):
            return False


def last_line(result: Result) -> str:
    """The most telling line of a failed command: its last one that says anything."""
    lines = [line.strip() for line in result.tail if line.strip()]
    return lines[-1] if lines else f"It ended with exit code {result.exit} and said nothing."
