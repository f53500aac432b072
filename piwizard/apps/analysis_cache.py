"""Cache the analysis of an app's code by commit and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from piwizard.apps import analysis_process
from piwizard.apps.analysis import KEY_OF_PART, Analysis, AnalysisOptions
from piwizard.apps.analysis_validation import check_part
from piwizard.system import files, paths

MAX_KEPT_ANALYSES = 10
"""Analyses per site: those of the commits and answers that were used last."""


def cache_folder(site: str) -> Path:
    """Return the folder with the cached analyses of a site."""
    return paths.cache_dir() / "analyses" / site


@lru_cache(maxsize=16)
def cached_analysis(site: str, tree: Path, commit: str, data: Path, options: AnalysisOptions) -> Analysis:
    """Return the analysis of the code in `tree`, from the cache if possible.

    It is cached only if the file `release.json` beside the tree confirms the commit.
    """
    if not _is_commit(tree, commit):
        return analysis_process.analyze_code(tree, data, options)
    name = files.digest(repr((commit, options, _code_version())).encode())
    path = cache_folder(site) / f"{name[:32]}.json"
    kept = _load(path)
    if kept is not None:
        return kept
    found = analysis_process.analyze_code(tree, data, options)
    if not found.failures:
        _save(path, found)
    return found


forget_analyses: Callable[[], None] = cached_analysis.cache_clear
"""Forget the analyses that this process has read, failed ones too: those may have lacked time."""


def _is_commit(tree: Path, commit: str) -> bool:
    try:
        return bool(json.loads(files.read(tree.parent / "release.json") or b"{}").get("commit") == commit)
    except (ValueError, AttributeError, RecursionError):
        return False


@cache
def _code_version() -> str:
    """Return a hash of the analysis code: another version may find other things."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return files.digest(b"".join(path.read_bytes() for path in own))


def _load(path: Path) -> Analysis | None:
    try:
        noted: dict[str, Any] = json.loads(files.read(path) or b"{}")
        return Analysis(**{part: check_part(part, noted[part]) for part in KEY_OF_PART})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _save(path: Path, found: Analysis) -> None:
    """Write an analysis to the cache; failing is fine, it is only a cache."""
    try:
        files.make_folders(path.parent.parent)
        files.make_folders(path.parent, 0o700)
        content = {part: value for part, value in asdict(found).items() if part in KEY_OF_PART}
        files.replace(path, json.dumps(content).encode(), mode=0o600)
        oldest_last = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in oldest_last[MAX_KEPT_ANALYSES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return
