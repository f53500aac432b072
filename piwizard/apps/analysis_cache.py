"""What is known of an app's code: read once for a commit and its answers, kept by whoever runs piwizard."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from piwizard.apps import source_files
from piwizard.apps.analysis import ANSWERS, Analysis, Wish, checked
from piwizard.system import files, paths

MOST_KEPT = 10
"""Analyses of a site: of the versions, and of the answers, that were last looked at."""


def folder(site: str) -> Path:
    """Where the analyses of a site are kept."""
    return paths.cache_dir() / "analyses" / site


@lru_cache(maxsize=16)
def of(site: str, tree: Path, commit: str, data: Path, wish: Wish) -> Analysis:
    """The analysis of the code in `tree`. Kept where the note beside it vouches for the commit."""
    if not _is_commit(tree, commit):
        return source_files.analyse(tree, data, wish)
    name = files.digest(repr((commit, wish, _version())).encode())
    path = folder(site) / f"{name[:32]}.json"
    kept = _kept(path)
    if kept is not None:
        return kept
    found = source_files.analyse(tree, data, wish)
    if not found.failures:
        _keep(path, found)
    return found


forget: Callable[[], None] = of.cache_clear
"""Reads anew what was read by this process; also what could not be read, perhaps for lack of time."""


def _is_commit(tree: Path, commit: str) -> bool:
    try:
        return bool(json.loads(files.read(tree.parent / "release.json") or b"{}").get("commit") == commit)
    except (ValueError, AttributeError, RecursionError):
        return False


@cache
def _version() -> str:
    """Stands for the code that reads: a newer piwizard may find other things."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return files.digest(b"".join(path.read_bytes() for path in own))


def _kept(path: Path) -> Analysis | None:
    try:
        noted: dict[str, Any] = json.loads(files.read(path) or b"{}")
        return Analysis(**{part: checked(part, noted[part]) for part in ANSWERS})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(path: Path, found: Analysis) -> None:
    """Only a convenience: where it cannot be written, the code is read again the next time."""
    try:
        files.make_folders(path.parent.parent)
        files.make_folders(path.parent, 0o700)
        content = {part: value for part, value in asdict(found).items() if part in ANSWERS}
        files.replace(path, json.dumps(content).encode(), mode=0o600)
        oldest_last = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in oldest_last[MOST_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError:
        return
