"""Keep the day on which an app's environment was rebuilt with newer versions.

The day is part of the environment's recipe, so that the same commit becomes another release: with the versions of
that day for everything that the app's list leaves open.
"""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.system import files, paths

DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_rebuild_date(site: str) -> str:
    """Return the day as "2026-12-01"; "" if the environment was never rebuilt."""
    text = (files.read(_file(site)) or b"").decode("ascii", "replace").strip()
    return text if DAY.fullmatch(text) else ""


def write_rebuild_date(site: str, day: str) -> None:
    """Keep the day; "" restores the state before the first rebuild."""
    if not day:
        files.unlink(_file(site))
        return
    files.make_folders(_file(site).parent, 0o700)
    files.replace(_file(site), f"{day}\n".encode(), mode=0o600)


def _file(site: str) -> Path:
    return paths.state_dir() / "rebuilds" / site
