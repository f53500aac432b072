"""What is left when steps are undone: packages that piwizard brought, and files that it wrote and a person edited."""

from __future__ import annotations

from pathlib import Path

from piwizard.changes.base import Record
from piwizard.engine.journal import Journal
from piwizard.machine import packages

NAME = "remains"
"""The journal that they are noted in, beside those of the steps; no step is called so."""


class Remains:
    """Kept until the packages are taken away, also where the steps are undone one by one."""

    def __init__(self, backups: Path) -> None:
        self._journal = Journal(backups, NAME, None)

    def records(self) -> list[Record]:
        """All of them; kinds "package" and "kept"."""
        return self._journal.records()

    def note(self, step: str, record: Record, left: str | None) -> None:
        """Takes over what an undone record leaves."""
        if record["kind"] == "package":
            self._journal.remember("package", record["target"], {**record["before"], "step": step})
        elif record["kind"] == "file" and left:
            self._journal.remember("kept", record["target"], {"step": step})

    def settle(self) -> None:
        """What is no longer installed is forgotten, for a person may want it again; what stayed can go another time."""
        there = packages.installed()
        stay = [one for one in self.records() if one["kind"] == "package" and one["target"] in there]
        kept = [one for one in self.records() if one["kind"] == "kept"]
        self._journal.rewrite([*stay, *kept] if stay else [])
