"""Let a poll try a commit that has failed a second time, an hour later.

The disk may have been full, or the package index away for a moment: that needs no person. It is noted
in memory (/run), so that a commit that stops the Pi is not built after every start.
"""

from __future__ import annotations

import json
from pathlib import Path

from piwizard.deploys.poll_backoff import boot_seconds
from piwizard.system import files, paths

WAIT_SECONDS = 3600.0


def allow_second_try(site: str, commit: str) -> None:
    """Note that a commit has failed for the first time."""
    note = _file(site)
    files.make_folders(note.parent, 0o700)
    content = json.dumps({"commit": commit, "from": boot_seconds() + WAIT_SECONDS})
    files.replace(note, content.encode(), mode=0o600)


def take_second_try(site: str, commit: str) -> bool:
    """Return whether a commit may be tried a second time now.

    The answer is yes only once.
    """
    try:
        note = json.loads(files.read(_file(site)) or b"{}")
        due = note["commit"] == commit and boot_seconds() >= float(note["from"])
    except (ValueError, TypeError, KeyError):
        return False
    if due:
        _file(site).unlink(missing_ok=True)
    return due


def _file(site: str) -> Path:
    return paths.lock_file().parent / "deploys" / f"{site}.retry.json"
