"""Reads the lock files of poetry, uv, pdm and Pipenv, none of which has to be installed on a Pi for that."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.version_specs import pip_spec

MAX_KEY_DOTS = 32
"""Parts of a dotted key: the time that one takes grows with the square of them."""
KEY_DOT = re.compile(r"\.[ \t]*[^.\s]")
MAX_PACKAGES = 5000
LOCKFILES = ("uv.lock", "poetry.lock", "pdm.lock")
PACKAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PACKAGE_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,99}")
Table = dict[str, Any]


def read_toml(checkout: RepositoryCheckout, file: str) -> Table:
    """A TOML file, parsed once; empty where it is missing, no TOML, or has longer keys than any real one."""
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
    """A value where a table is expected."""
    return value if isinstance(value, dict) else {}


def pinned_versions(checkout: RepositoryCheckout, folder: str = "") -> tuple[str, tuple[str, ...]]:
    """The lock file beside a project, and its versions as pip's constraints.

    A distribution that is locked at several versions, for different machines, is left to pip.
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


def read_pipfile_lock(checkout: RepositoryCheckout, folder: str = "") -> tuple[str, ...]:
    """The locked packages of a Pipfile.lock as requirement lines."""
    try:
        content = json.loads(checkout.text(join_path(folder, "Pipfile.lock")) or "{}")
    except (ValueError, RecursionError):
        return ()
    lines = (
        _requirement_line(name, as_table(wish)) for name, wish in as_table(as_table(content).get("default")).items()
    )
    return tuple(line for line in lines if line)


def read_pipfile(checkout: RepositoryCheckout, folder: str = "") -> tuple[str, ...]:
    """The [packages] of a Pipfile as requirement lines."""
    return requirement_lines(as_table(read_toml(checkout, join_path(folder, "Pipfile")).get("packages")))


def requirement_lines(packages: Table) -> tuple[str, ...]:
    """Packages as Pipenv and poetry write them, `name = "^1.2"` or a table, as requirement lines."""
    lines: list[str] = []
    for name, wish in packages.items():
        several = wish if isinstance(wish, list) else [wish]
        lines += [
            _requirement_line(name, {"version": each} if isinstance(each, str) else as_table(each)) for each in several
        ]
    return tuple(line for line in lines if line)


def _requirement_line(name: str, wish: Table) -> str:
    if not PACKAGE_NAME.fullmatch(name) or wish.get("optional") is True:
        return ""
    chosen = wish.get("extras")
    extras = [extra for extra in chosen if isinstance(extra, str)] if isinstance(chosen, list) else []
    title = f"{name}[{','.join(extras)}]" if extras else name
    if isinstance(wish.get("git"), str):
        revision = next((wish[key] for key in ("rev", "ref", "tag", "branch") if isinstance(wish.get(key), str)), "")
        line = f"{title} @ git+{wish['git']}" + (f"@{revision}" if revision else "")
    elif isinstance(wish.get("url"), str):
        line = f"{title} @ {wish['url']}"
    elif isinstance(wish.get("path"), str):
        line = str(wish["path"])
    else:
        version = wish.get("version")
        line = title + (pip_spec(version) if isinstance(version, str) else "")
    if isinstance(wish.get("markers"), str):
        line += f" ; {wish['markers']}"
    return "" if any(character in line for character in "\r\n") or line.startswith("-") else line
