"""Read the lock files of poetry, uv, pdm and Pipenv without these tools."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.version_specs import pip_spec

MAX_KEY_DOTS = 32
"""Dots in a key: parsing time grows with the square of their number."""
KEY_DOT = re.compile(r"\.[ \t]*[^.\s]")
MAX_PACKAGES = 5000
LOCKFILES = ("uv.lock", "poetry.lock", "pdm.lock")
PACKAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PACKAGE_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,99}")
Table = dict[str, Any]
SOURCE_KEYS = frozenset({"git", "path", "file", "url"})
"""What says in a table of Pipenv, poetry or uv that PyPI does not have the package."""


def read_toml(checkout: RepositoryCheckout, file: str) -> Table:
    """Return a TOML file, parsed once.

    Empty if it is missing, not valid TOML, or has longer keys than any real file.
    """
    key = f"toml {file}"
    if key not in checkout.memory:
        checkout.memory[key] = _parse_toml(checkout.text(file))
    return as_table(checkout.memory[key])


def _parse_toml(text: str) -> Table:
    if any(len(KEY_DOT.findall(piece)) > MAX_KEY_DOTS for piece in re.split(r"[=\n,{}]", text)):
        return {}
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def as_table(value: object) -> Table:
    """Return a value if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def pinned_versions(checkout: RepositoryCheckout, folder: str = "") -> tuple[str, tuple[str, ...]]:
    """Return the lock file of a project and its versions as pip constraints.

    A distribution with several locked versions, for different machines, is left to pip.
    """
    for name in LOCKFILES:
        packages = read_toml(checkout, join_path(folder, name)).get("package")
        if not isinstance(packages, list):
            continue
        versions: dict[str, set[str]] = {}
        for package in map(as_table, packages[:MAX_PACKAGES]):
            title, version = package.get("name"), package.get("version")
            source = as_table(package.get("source"))
            if not isinstance(title, str) or not isinstance(version, str) or not _from_index(source):
                continue
            if PACKAGE_NAME.fullmatch(title) and PACKAGE_VERSION.fullmatch(version):
                versions.setdefault(title, set()).add(version)
        single = {title: found.pop() for title, found in versions.items() if len(found) == 1}
        return name, tuple(f"{title}=={version}" for title, version in sorted(single.items()))
    return "", ()


def _from_index(source: Table) -> bool:
    return not source or "registry" in source or source.get("type") == "legacy"


def read_pipenv_packages(checkout: RepositoryCheckout, folder: str = "") -> tuple[str, Table]:
    """Return the file of Pipenv that has packages, and these by name.

    That is Pipfile.lock, else Pipfile.
    """
    lock = join_path(folder, "Pipfile.lock")
    try:
        content = json.loads(checkout.text(lock) or "{}")
    except (ValueError, RecursionError):
        content = {}
    if locked := as_table(as_table(content).get("default")):
        return lock, locked
    file = join_path(folder, "Pipfile")
    return file, as_table(read_toml(checkout, file).get("packages"))


def requirement_lines(packages: Table) -> tuple[str, ...]:
    """Return packages as requirement lines.

    `packages` is a table as Pipenv and poetry write it: `name = "^1.2"`, or a table for each name. A package from a
    folder, git or an archive is a name alone: project_sources.py finds where it is.
    """
    lines: list[str] = []
    for name, wanted in packages.items():
        several = wanted if isinstance(wanted, list) else [wanted]
        lines += [
            _requirement_line(name, {"version": each} if isinstance(each, str) else as_table(each)) for each in several
        ]
    return tuple(line for line in lines if line)


def _requirement_line(name: str, wanted: Table) -> str:
    if not PACKAGE_NAME.fullmatch(name) or wanted.get("optional") is True:
        return ""
    chosen = wanted.get("extras")
    extras = [extra for extra in chosen if isinstance(extra, str)] if isinstance(chosen, list) else []
    title = f"{name}[{','.join(extras)}]" if extras else name
    version = wanted.get("version")
    here = SOURCE_KEYS & wanted.keys()
    line = title + (pip_spec(version) if isinstance(version, str) and not here else "")
    if isinstance(wanted.get("markers"), str):
        line += f" ; {wanted['markers']}"
    return "" if any(character in line for character in "\r\n") or line.startswith("-") else line
