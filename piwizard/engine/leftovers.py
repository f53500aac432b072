"""What is left when steps are undone: packages that piwizard brought, and what was kept because it is a person's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.engine.undo_journal import Journal
from piwizard.system import dpkg

NAME = "remains"
"""The journal that they are noted in, beside those of the steps; no step is called so."""
LEFT = ("folder", "user")
"""Kinds that the next undo of their step goes on with: the folder of an app's data, and the user that owns it."""


class Leftovers:
    """Kept until the packages are taken away, also where the steps are undone one by one."""

    def __init__(self, backups: Path) -> None:
        self._journal = Journal(backups, NAME, None)

    def records(self) -> list[Record]:
        """All of them; kinds "package", "kept" and those of LEFT."""
        return self._journal.records()

    def note(self, step: str, site: str | None, record: Record, left: str | None) -> None:
        """Takes over what an undone record leaves."""
        if record["kind"] == "package":
            self._journal.remember("package", record["target"], {**record["before"], "step": step})
        elif record["kind"] == "file" and left:
            self._journal.remember("kept", record["target"], {"step": step})
        elif record["kind"] in LEFT and left:
            before = {"step": step, "site": site, "record": record["before"]}
            self._journal.remember(record["kind"], record["target"], before)

    def of(self, step: str, site: str | None) -> list[Record]:
        """The records that earlier undos of a step could not finish, as they were first written, oldest first.

        They say how things were before piwizard first altered them, whatever later set-ups have found.
        """
        return [
            {"kind": one["kind"], "target": one["target"], "before": one["before"]["record"]}
            for one in reversed(self.records())
            if self._is_of(one, step, site)
        ]

    def folders(self) -> list[Record]:
        """The folders that were not empty when their steps were undone. What packages had there may be gone by now."""
        return [one | {"before": one["before"]["record"]} for one in self.records() if one["kind"] == "folder"]

    def forget(self, kind: str, target: str) -> None:
        """What was left is gone."""
        self._journal.rewrite([one for one in self.records() if (one["kind"], one["target"]) != (kind, target)])

    def places(self) -> frozenset[tuple[str, str | None]]:
        """The steps, each with its site, that have left something which their next undo goes on with."""
        return frozenset(
            (one["before"]["step"], one["before"]["site"]) for one in self.records() if one["kind"] in LEFT
        )

    def finish(self, step: str, site: str | None, left: Iterable[tuple[str, str]]) -> None:
        """Forgets what a step has left, but for these pairs of kind and target."""
        still = set(left)
        stay = [
            one for one in self.records() if not self._is_of(one, step, site) or (one["kind"], one["target"]) in still
        ]
        if stay != self.records():
            self._journal.rewrite(stay)

    @staticmethod
    def _is_of(one: Record, step: str, site: str | None) -> bool:
        return one["kind"] in LEFT and (one["before"]["step"], one["before"]["site"]) == (step, site)

    def settle(self) -> None:
        """What is no longer installed is forgotten, for a person may want it again; what stayed can go another time."""
        there = dpkg.installed_versions()
        stay = [one for one in self.records() if one["kind"] == "package" and one["target"] in there]
        kept = [one for one in self.records() if one["kind"] == "kept"] if stay else []
        self._journal.rewrite([*stay, *kept, *(one for one in self.records() if one["kind"] in LEFT)])
