"""Find out from all journals together which files and links piwizard wrote."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from piwizard.engine.journal_entries import JOURNAL_FILE, Entry, is_linked, is_record, is_written, read_entries
from piwizard.system import files

MACHINE = "_machine"
"""The folder of the steps of the machine. No site name starts with an underscore."""


def journaled(backups: Path) -> frozenset[tuple[str, str | None]]:
    """Return the steps that have a journal, each with its site.

    The site is None for the machine and for what sites share.
    """
    folders = (path.parent for path in backups.glob(f"*/*/{JOURNAL_FILE}"))
    return frozenset((one.name, None if one.parent.name == MACHINE else one.parent.name) for one in folders)


def find_owners(folder: Path, backups: Path, steps: Container[str]) -> dict[str, str]:
    """Return the names of the files in a folder, each with its site.

    That is the site that one of these steps wrote it for; "" for files of others.
    """
    owners = {path.name: "" for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    for step, site in journaled(backups):
        for entry in read_entries(backups / site / step) if site and step in steps else ():
            path = Path(entry["target"])
            if entry["kind"] == "file" and path.parent == folder and path.name in owners:
                owners[path.name] = site or ""
    return owners


class Backups:
    """All journals together: which files and links piwizard wrote."""

    def __init__(self, backups: Path) -> None:
        self.folder = backups
        self._known: dict[str, set[str]] = {}
        self._made: dict[str, set[str]] = {}
        self._former: dict[str, set[str | None]] = {}
        for path in backups.glob(f"*/*/{JOURNAL_FILE}"):
            for entry in read_entries(path.parent):
                self.learn(entry)

    def learn(self, entry: Entry) -> None:
        """Add one entry of a journal."""
        if is_written(entry):
            self._known.setdefault(entry["target"], set()).add(entry["sha256"])
        elif is_linked(entry):
            self._made.setdefault(entry["target"], set()).add(entry["to"])
        elif is_record(entry) and entry["kind"] == "link":
            self._former.setdefault(entry["target"], set()).add(entry["before"]["target"])
        elif is_record(entry) and entry["kind"] == "file":
            hashes = self._known.setdefault(entry["target"], set())
            if entry["before"]["exists"]:
                hashes.add(entry["before"]["sha256"])

    def wrote(self, path: Path, sha256: str) -> bool:
        return sha256 in self._known.get(str(path), set())

    def owns(self, path: Path) -> bool:
        return str(path) in self._known

    def edited(self, path: Path) -> bool:
        """Check whether the user or a program changed a file or link that piwizard wrote.

        Unknown, so False, of links that only earlier versions made: they did not record where these point to.
        """
        made = self._made.get(str(path), set())
        if not made and not self.owns(path):
            return False
        if path.is_symlink():
            return os.readlink(path) not in made | self._former.get(str(path), set())
        now = files.read(path)
        return now is not None and not self.wrote(path, files.digest(now))

    def unfinished(self, group: str) -> bool:
        return (self.folder / "unfinished" / f"{group}.json").exists()
