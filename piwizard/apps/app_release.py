"""Choose an app's release by its commit and by how it is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from piwizard.apps.layout import SiteLayout
from piwizard.changes.virtualenv import MARKER
from piwizard.system import files
from piwizard.system.files import digest

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

PYTHON_SUFFIX, VENV_SUFFIX = "-py", "-venv"
"""Suffixes of releases whose virtual environment was rebuilt for the same commit."""
BUILD_KEYS = (
    "app.entry",
    "app.folder",
    "app.requirements",
    "app.python",
    "app.static",
    "app.writable",
    "app.skip_requirements",
)


def choose_release(app: AppConfig) -> SiteLayout:
    """Return the folders of the app's release.

    If the answers about the build, the Python version or the recipe of the environment change, the same commit
    gets another release, so that the running one stays untouched until the new one has passed its smoke test. A release
    that was rolled back to keeps its environment, whatever the recipe says today.
    """
    building = {key: app.answers.get(key) for key in BUILD_KEYS if app.answers.get(key) is not None}
    variant = f"-{digest(repr(sorted(building.items())).encode())[:4]}" if building else ""
    plain = SiteLayout(str(app.answers.site), app.source.commit, variant)
    kept = app.source.release if app.source.kept else None
    in_use = kept.name if kept else plain.current.resolve().name
    own = re.fullmatch(re.escape(plain.release.name) + f"((?:{PYTHON_SUFFIX}[0-9.]+|{VENV_SUFFIX}[0-9a-f]+)?)", in_use)
    if own is None:
        return plain
    if app.left_behind:
        return SiteLayout(plain.site, plain.commit, f"{variant}{PYTHON_SUFFIX}{app.left_behind.here}")
    release = SiteLayout(plain.site, plain.commit, f"{variant}{own[1]}")
    built = files.read(release.release / MARKER)
    if kept or built is None or built == app.dependencies.recipe:
        return release
    return SiteLayout(plain.site, plain.commit, f"{variant}{VENV_SUFFIX}{digest(app.dependencies.recipe)[:8]}")
