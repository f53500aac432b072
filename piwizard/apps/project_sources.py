"""Read where uv gets a project's own packages: folders, git, archives."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from piwizard.apps.lockfiles import as_table, read_toml
from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.unusable_requirements import UnusableLine
from piwizard.apps.version_specs import normalized_name

MAX_MEMBERS = 50
PLAIN_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True)
class ProjectSources:
    """Requirement lines by the normalized name of their distribution.

    `problems` are those that cannot be had.
    """

    lines: dict[str, str]
    problems: tuple[UnusableLine, ...] = ()


def read_project_sources(checkout: RepositoryCheckout, folder: str) -> ProjectSources:
    """Return the sources in [tool.uv.sources] of a project, as lines for pip."""
    file = join_path(folder, "pyproject.toml")
    uv = as_table(as_table(read_toml(checkout, file).get("tool")).get("uv"))
    lines: dict[str, str] = {}
    problems: list[UnusableLine] = []
    for name, given in as_table(uv.get("sources")).items():
        source = as_table(given[0] if isinstance(given, list) and given else given)
        found = _line(checkout, folder, name, source)
        if found.startswith("!"):
            problems.append(UnusableLine(name, file, 1, found[1:], name))
        elif found:
            lines[normalized_name(name)] = found
    return ProjectSources(lines, tuple(problems))


def _line(checkout: RepositoryCheckout, folder: str, name: str, source: dict[str, Any]) -> str:
    """Return the line for a source; "" if PyPI has the package, "!" and the reason if it cannot be had."""
    git, path, url = source.get("git"), source.get("path"), source.get("url")
    if isinstance(git, str):
        if not PLAIN_URL.fullmatch(git):
            return "!it is fetched over SSH, which needs a key that the build does not have"
        revision = next((source[key] for key in ("rev", "tag", "branch") if isinstance(source.get(key), str)), "")
        inside = source.get("subdirectory")
        part = f"#subdirectory={inside}" if isinstance(inside, str) else ""
        return f"{name} @ git+{git}{f'@{revision}' if revision else ''}{part}"
    if isinstance(url, str):
        return f"{name} @ {url}" if PLAIN_URL.fullmatch(url) else ""
    if source.get("workspace") is True:
        path = _member(checkout, folder, name)
    if not isinstance(path, str):
        return "!the workspace has no such member" if source.get("workspace") is True else ""
    place = posixpath.normpath(join_path(folder, path))
    if place.startswith(("..", "/")) or not (checkout.is_dir(place) or checkout.is_file(place)):
        return f"!{path} is not in the repository"
    return f"./{place}"


def _member(checkout: RepositoryCheckout, folder: str, name: str) -> str | None:
    """Return the folder of a member of uv's workspace, relative to the project."""
    file = join_path(folder, "pyproject.toml")
    uv = as_table(as_table(read_toml(checkout, file).get("tool")).get("uv"))
    members = as_table(uv.get("workspace")).get("members")
    for pattern in members[:MAX_MEMBERS] if isinstance(members, list) else ():
        top = pattern.removesuffix("/*") if isinstance(pattern, str) else ""
        names = checkout.names(join_path(folder, top)) if top != pattern else [""]
        for one in names[:MAX_MEMBERS]:
            place = join_path(top, one)
            project = as_table(read_toml(checkout, join_path(folder, place, "pyproject.toml")).get("project"))
            if normalized_name(str(project.get("name", ""))) == normalized_name(name):
                return place
    return None
