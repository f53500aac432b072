"""Remove what undo no longer needs from the backups, to limit their size."""

from __future__ import annotations

import os
from pathlib import Path

from piwizard.changes import OBSOLETE
from piwizard.engine.journal_entries import Entry, is_linked, is_record, is_written
from piwizard.engine.undo_journal import Journal
from piwizard.system import files

MOST_VERSIONS, MOST_BYTES = 100, 64 << 20
"""How many versions that no journal needs are kept, and how many bytes of them."""
MOST_WRITTEN = 100
"""How many contents of one file, and targets of one link, are still recognized as piwizard's own."""
MIN_DROPPED = 50
"""How many entries must be unnecessary before a journal is written again, which wears the card."""


def prune_versions(backups: Path, *, versions: int = MOST_VERSIONS, size: int = MOST_BYTES) -> None:
    """Remove old versions from the backups: of files, and of the answers.

    Keep what a journal needs for undo, and of the others those that were replaced last.
    """
    needed = {
        entry["before"]["sha256"]
        for path in backups.glob("*/*/journal.jsonl")
        for entry in Journal(backups, path.parent.name, path.parent.parent.name).entries()
        if is_record(entry) and "sha256" in entry["before"]
    }
    for folder in (backups / "originals", backups / "answers"):
        others = [path for path in folder.glob("*") if path.name not in needed and path.is_file()]
        taken = 0
        for number, path in enumerate(sorted(others, key=lambda one: one.stat().st_mtime_ns, reverse=True)):
            taken += path.stat().st_size
            if number >= versions or taken > size:
                files.unlink(path)


def compact_journals(backups: Path, *, written: int = MOST_WRITTEN, dropped: int = MIN_DROPPED) -> None:
    """Remove what every deploy adds to the journals, and what is no longer needed.

    Undo loses nothing: each record stays whose former state may still have to be restored. A transaction that was
    interrupted may still return its files to an earlier content, so nothing is removed before that is settled.
    """
    if any((backups / "unfinished").glob("*.json")):
        return
    for path in backups.glob("*/*/journal.jsonl"):
        journal = Journal(backups, path.parent.name, path.parent.parent.name)
        entries = journal.entries()
        needed = _needed(entries, written)
        if len(entries) - len(needed) >= dropped:
            journal.rewrite(needed)


def _needed(entries: list[Entry], written: int) -> list[Entry]:
    """Return the records, and the newest entries about what piwizard wrote, in the same order.

    Those about what a path has now stay, however many are newer: they tell it from an edit by hand.
    """
    kept: list[Entry] = []
    seen: set[tuple[str, str, str]] = set()
    numbers: dict[tuple[str, str], int] = {}
    for entry in reversed(entries):
        if is_record(entry):
            obsolete = OBSOLETE.get(entry["kind"])
            if obsolete is None or not obsolete(entry):
                kept.append(entry)
            continue
        value = entry["sha256"] if is_written(entry) else entry["to"] if is_linked(entry) else ""
        path = (entry["kind"], entry["target"])
        if (*path, value) in seen:
            continue
        seen.add((*path, value))
        numbers[path] = numbers.get(path, 0) + 1
        if numbers[path] <= written or value == _now(entry):
            kept.append(entry)
    return kept[::-1]


def _now(entry: Entry) -> str:
    """Return the hash of a file, or the target of a link, as they are now; "" if there is none."""
    path = Path(entry["target"])
    if is_linked(entry):
        return os.readlink(path) if path.is_symlink() else ""
    content = None if path.is_symlink() else files.read(path)
    return "" if content is None else files.digest(content)
