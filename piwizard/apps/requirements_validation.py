"""Validate the packages that an analysis found, before pip gets them."""

from __future__ import annotations

import re
from dataclasses import replace

from piwizard.apps import import_scan
from piwizard.apps.analysis import MAX_SUGGESTIONS, PythonPackages
from piwizard.apps.analysis_texts import is_repository_path, is_short_text
from piwizard.apps.debian_modules import DEBIAN_MODULES
from piwizard.apps.typed_json import MalformedAnalysis
from piwizard.apps.unusable_requirements import UnusableLine

DISTRIBUTION = re.compile(r"[a-z0-9-]{1,100}")
PINNED_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+", re.ASCII)


def check_packages(found: PythonPackages) -> PythonPackages:
    """Return the packages that can be passed to pip.

    MalformedAnalysis if pip would read other arguments or another place.
    """
    imported = tuple(name for name in found.imported if import_scan.is_known_package(name))
    wanted = found.requirements
    if wanted is None:
        return PythonPackages(None, imported, tuple(filter(is_short_text, found.unknown))[:MAX_SUGGESTIONS])
    project = wanted.is_project
    listed = wanted.arguments == ("-r", wanted.file)
    plain = all(is_short_text(one) and not one.startswith("-") for one in wanted.apart)
    if not is_repository_path(wanted.file) or not plain or not (listed or project or not wanted.arguments):
        raise MalformedAnalysis("unexpected arguments for pip")
    if project and wanted.arguments != (".",) and not is_repository_path(wanted.arguments[0].removeprefix("./")):
        raise MalformedAnalysis("a project outside of the repository")
    lines = (" ".join(line.split()) for line in wanted.lines)
    kept = replace(
        wanted,
        kind=wanted.kind if is_short_text(wanted.kind) else "",
        lines=tuple(line for line in lines if line and is_short_text(line)),
        constraints=tuple(line for line in wanted.constraints if PINNED_REQUIREMENT.fullmatch(line)),
        names=tuple(name for name in wanted.names if DISTRIBUTION.fullmatch(name)),
        pins=tuple(line for line in wanted.pins if is_short_text(line) and PINNED_REQUIREMENT.match(line)),
        unusable=tuple(one for one in wanted.unusable if _is_listed_line(one)),
        skipped=tuple(one for one in wanted.skipped if is_short_text(one)),
        gunicorn=wanted.gunicorn if is_short_text(wanted.gunicorn) else "",
        compiled=tuple(
            one
            for one in wanted.compiled
            if one.name in DEBIAN_MODULES and is_repository_path(one.file) and is_short_text(one.text)
        ),
    )
    return PythonPackages(kept, imported)


def _is_listed_line(one: UnusableLine) -> bool:
    return (
        is_repository_path(one.file)
        and is_short_text(one.text)
        and is_short_text(one.reason)
        and is_short_text(one.name)
    )
