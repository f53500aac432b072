"""Record what undo leaves behind.

That is packages that piwizard installed, and files and folders of the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.changes.base import Record
from piwizard.engine.undo_journal import Journal
from piwizard.system import dpkg

NAME = "remains"
"""The name of their journal, beside those of the steps. No step has this name."""
LEFT = ("folder", "user")
"""Kinds that the next undo of their step continues with: the folder of an app's data, and the user that owns it."""


class Leftovers:
    """The records of what undo left behind.

    They are kept until the packages are removed, even if the steps are undone one by one.
    """

    def __init__(self, backups: Path) -> None:
        self._journal = Journal(backups, NAME, None)

    def records(self) -> list[Record]:
        """Return all records, of the kinds "package", "kept" and those in LEFT."""
        return self._journal.records()

    def note(self, step: str, site: str | None, record: Record, left: str | None) -> None:
        """Record what the undo of a record left behind."""
        if record["kind"] == "package":
            self._journal.remember("package", record["target"], {**record["before"], "step": step})
        elif record["kind"] == "file" and left:
            self._journal.remember("kept", record["target"], {"step": step})
        elif record["kind"] in LEFT and left:
            before = {"step": step, "site": site, "record": record["before"]}
            self._journal.remember(record["kind"], record["target"], before)

    def of(self, step: str, site: str | None) -> list[Record]:
        """Return the records that earlier undos of a step could not finish, oldest first.

        They have the state from before piwizard's first change, whatever later set-ups have found.
        """
        return [
            {"kind": one["kind"], "target": one["target"], "before": one["before"]["record"]}
            for one in reversed(self.records())
            if self._is_of(one, step, site)
        ]

    def folders(self) -> list[Record]:
        """Return the folders that were not empty when their steps were undone.

        Packages may have emptied them since.
        """
        return [one | {"before": one["before"]["record"]} for one in self.records() if one["kind"] == "folder"]

    def forget(self, kind: str, target: str) -> None:
        """Remove the record of something that is gone."""
        self._journal.rewrite([one for one in self.records() if (one["kind"], one["target"]) != (kind, target)])

    def steps(self) -> frozenset[tuple[str, str | None]]:
        """Return the steps whose next undo has something to continue with.

        Each has its site.
        """
        return frozenset(
            (one["before"]["step"], one["before"]["site"]) for one in self.records() if one["kind"] in LEFT
        )

    def finish(self, step: str, site: str | None, left: Iterable[tuple[str, str]]) -> None:
        """Remove the records of a step, except these pairs of kind and target."""
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
        """Remove the records of packages that are no longer installed.

        The user may install them again.
        """
        there = dpkg.installed_versions()
        stay = [one for one in self.records() if one["kind"] == "package" and one["target"] in there]
        kept = [one for one in self.records() if one["kind"] == "kept"] if stay else []
        self._journal.rewrite([*stay, *kept, *(one for one in self.records() if one["kind"] in LEFT)])
