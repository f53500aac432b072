"""Compare the migrations and setup commands of two releases."""

from __future__ import annotations

import json
import stat
from pathlib import Path, PurePath

from piwizard.apps.setup_markers import command_identity
from piwizard.system import files, safe_open

MIGRATION_FOLDERS = frozenset({"migrations", "alembic"})
SUFFIXES = frozenset({".py", ".sql"})
MAX_ENTRIES = 20_000
MAX_FILE_BYTES = 1 << 20
MAX_NAMED = 3


def changed_migrations(one: Path, other: Path) -> tuple[str, ...]:
    """Return the migration files that differ between the code of two releases."""
    before, after = _migrations(one), _migrations(other)
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def changed_commands(one: Path, other: Path) -> tuple[str, ...]:
    """Return the setup commands that have run for one of two releases only."""
    return tuple(sorted(_commands(one) ^ _commands(other)))


def _migrations(code: Path) -> dict[str, str]:
    """Return the hash of each migration by its path. No link is followed, and no more than a limit is read."""
    found: dict[str, str] = {}
    for folder in _migration_folders(code):
        for path in sorted(folder.rglob("*"))[:MAX_ENTRIES]:
            name = path.relative_to(code)
            if path.suffix in SUFFIXES and "__pycache__" not in name.parts:
                content = safe_open.read_file(code, PurePath(name), MAX_FILE_BYTES)
                found[str(name)] = files.digest(content) if content is not None else ""
    return found


def _migration_folders(code: Path) -> list[Path]:
    """Return the outermost migration folders of a checkout."""
    waiting, found, seen = [code], list[Path](), 0
    while waiting and seen < MAX_ENTRIES:
        folder = waiting.pop()
        for path in sorted(folder.iterdir()):
            seen += 1
            if path.name.startswith(".") or not stat.S_ISDIR(path.lstat().st_mode):
                continue
            (found if path.name in MIGRATION_FOLDERS else waiting).append(path)
    return found


def _commands(release: Path) -> frozenset[str]:
    """Return the setup commands that have run for a release, from their markers."""
    found = set()
    for marker in (release / "prepared").glob("*"):
        try:
            argv = json.loads(files.read(marker) or b"{}")["argv"]
        except (ValueError, TypeError, KeyError):
            continue
        if not marker.name.startswith("trial-"):
            found.add(command_identity(argv))
    return frozenset(found)
