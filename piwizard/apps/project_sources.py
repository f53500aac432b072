"""Read where uv, poetry and Pipenv get own packages: folders, git, archives."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from piwizard.apps.lockfiles import PACKAGE_NAME, Table, as_table, read_toml
from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.unusable_requirements import UnusableLine
from piwizard.apps.version_specs import normalized_name
from piwizard.system.lazy_dataclass import dataclass

MAX_MEMBERS = 50
REVISION_KEYS = ("rev", "ref", "tag", "branch")
PLAIN_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True)
class ProjectSources:
    """Requirement lines by the normalized name of their distribution.

    `problems` are those that cannot be had.
    """

    lines: dict[str, str]
    problems: tuple[UnusableLine, ...] = ()


def read_project_sources(checkout: RepositoryCheckout, folder: str) -> ProjectSources:
    """Return the sources of uv and poetry in a pyproject.toml, as lines for pip."""
    file = join_path(folder, "pyproject.toml")
    tools = as_table(read_toml(checkout, file).get("tool"))
    poetry = as_table(as_table(tools.get("poetry")).get("dependencies"))
    return _read_sources(checkout, folder, file, {**poetry, **as_table(as_table(tools.get("uv")).get("sources"))})


def read_pipenv_sources(checkout: RepositoryCheckout, folder: str, file: str, packages: Table) -> ProjectSources:
    """Return the sources of a Pipfile or its lock file, as lines for pip."""
    return _read_sources(checkout, folder, file, packages)


def _read_sources(checkout: RepositoryCheckout, folder: str, file: str, packages: Table) -> ProjectSources:
    lines: dict[str, str] = {}
    problems: list[UnusableLine] = []
    for name, given in packages.items():
        source = as_table(given[0] if isinstance(given, list) and given else given)
        if not PACKAGE_NAME.fullmatch(name):
            continue
        found = _line(checkout, folder, name, source)
        if found.startswith("!"):
            problems.append(UnusableLine(name, file, _line_number(checkout, file, name), found[1:], name))
        elif found:
            lines[normalized_name(name)] = found
    return ProjectSources(lines, tuple(problems))


def _line_number(checkout: RepositoryCheckout, file: str, name: str) -> int:
    """Return the number of the line that names a package in a TOML or JSON file; 1 if it is not found."""
    entry = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=:]")
    return next((number for number, line in enumerate(checkout.text(file).splitlines(), 1) if entry.match(line)), 1)


def _line(checkout: RepositoryCheckout, folder: str, name: str, source: dict[str, Any]) -> str:
    """Return the line for a source; "" if PyPI has the package, "!" and the reason if it cannot be had."""
    git, path, url = source.get("git"), source.get("path"), source.get("url")
    if isinstance(file := source.get("file"), str):  # of Pipenv: an archive here or on a server
        path, url = (path, file) if "://" in file else (file, url)
    given = source.get("extras")
    extras = [one for one in given if PACKAGE_NAME.fullmatch(str(one))] if isinstance(given, list) else []
    chosen = f"[{','.join(map(str, extras))}]" if extras else ""
    if isinstance(git, str):
        if not PLAIN_URL.fullmatch(git):
            return "!it is fetched over SSH, which needs a key that the build does not have"
        revision = next((source[key] for key in REVISION_KEYS if isinstance(source.get(key), str)), "")
        inside = source.get("subdirectory")
        part = f"#subdirectory={inside}" if isinstance(inside, str) else ""
        line = f"{name}{chosen} @ git+{git}{f'@{revision}' if revision else ''}{part}"
        return line if line.isprintable() else "!pip does not know this form"
    if isinstance(url, str):
        return f"{name}{chosen} @ {url}" if PLAIN_URL.fullmatch(url) else "!pip does not know this address"
    if source.get("workspace") is True:
        path = _member(checkout, folder, name)
    if not isinstance(path, str):
        return "!the workspace has no such member" if source.get("workspace") is True else ""
    place = posixpath.normpath(join_path(folder, path))
    if place.startswith(("..", "/")) or not (checkout.is_dir(place) or checkout.is_file(place)):
        return f"!{path} is not in the repository"
    return ("." if place == "." else f"./{place}") + chosen


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
