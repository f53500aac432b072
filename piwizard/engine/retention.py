"""Remove old versions of files from the backups, to limit their size."""

from __future__ import annotations

from pathlib import Path

from piwizard.engine.journal_entries import is_record
from piwizard.engine.undo_journal import Journal
from piwizard.system import files

MOST_VERSIONS, MOST_BYTES = 100, 64 << 20
"""How many versions that no journal needs are kept, and how many bytes of them."""


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
