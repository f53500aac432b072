"""Find the packages that an app requires, and pip's arguments for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps import lockfiles, pyproject
from piwizard.apps.modules import join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.apps.version_specs import distribution_of

PREFERRED_FILES = (
    "requirements.txt", "requirements/prod.txt", "requirements/production.txt", "requirements/requirements.txt",
    "requirements-prod.txt", "requirements_prod.txt", "requirements/base.txt", "requirements/common.txt",
    "requirements/main.txt", "requirements.in",
)  # fmt: skip
DEVELOPMENT_FILE = re.compile(r"dev|test|doc|lint|typ|ci\b|local|build|optional", re.IGNORECASE)
# Distributions that depend on Flask.
FLASK_DISTRIBUTIONS = ("flask", "apiflask", "dash", "connexion", "eve")
MAX_INCLUDED_FILES = 20
DEFAULT_GUNICORN, DEFAULT_FLASK = "gunicorn>=23,<28", "flask>=1,<4"
"""Installed if the app does not require them: releases that are known to work."""
EVENTLET_GUNICORN = "gunicorn>=25,<26"
"""The last releases with a worker for eventlet."""


@dataclass(frozen=True)
class Requirements:
    """The packages to install: `pip install ARGUMENTS`, run in the checkout.

    If `lines` is not empty, pip cannot read the app's own file: write the lines to a requirements file for pip's -r.
    `constraints` are the versions of a lock file, for pip's -c. `names` are the distributions that are required
    directly; `limits` are those whose versions the app's constraint files set.
    """

    kind: str
    file: str
    arguments: tuple[str, ...]
    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        """Return the distributions whose versions a lock or constraint file sets."""
        locked = (distribution_of(line) for line in self.constraints)
        return (*self.limits, *(name for name in locked if name))

    @property
    def is_project(self) -> bool:
        """Return whether pip installs the checkout, or a folder of it, as a project."""
        return len(self.arguments) == 1 and (self.arguments[0] == "." or self.arguments[0].startswith("./"))

    @property
    def flask(self) -> bool:
        """Return whether Flask, or something that depends on it, is required."""
        return any(name in FLASK_DISTRIBUTIONS or name.startswith("flask-") for name in self.names)


def pip_arguments(
    wanted: Requirements | None, imported: tuple[str, ...], gunicorn: str = DEFAULT_GUNICORN
) -> tuple[str, ...]:
    """Return the packages that pip installs: gunicorn, Flask and the app's own."""
    held = wanted.held if wanted else ()
    server = () if wanted and "gunicorn" in wanted.names else ("gunicorn" if "gunicorn" in held else gunicorn,)
    flask = () if wanted and wanted.flask else ("flask" if "flask" in held else DEFAULT_FLASK,)
    return (*server, *flask, *(wanted.arguments if wanted else imported))


def find_requirements(root: Path | RepositoryCheckout, folder: str = "") -> Requirements | None:
    """Return the requirements of a folder, else of the checkout itself."""
    checkout = scan_checkout(root)
    for place in dict.fromkeys([folder, ""]):
        if found := _find_in_folder(checkout, place):
            return found
    return None


def _find_in_folder(checkout: RepositoryCheckout, folder: str) -> Requirements | None:
    found = [
        r
        for r in (
            _from_requirements_file(checkout, folder),
            _from_project(checkout, folder),
            _from_pipfile(checkout, folder),
        )
        if r
    ]
    if not found:
        return None
    # An outdated requirements.txt beside the real list of packages usually lacks Flask.
    return next((one for one in found if one.flask), found[0])


def _from_requirements_file(checkout: RepositoryCheckout, folder: str) -> Requirements | None:
    present = [join_path(folder, name) for name in PREFERRED_FILES if checkout.is_file(join_path(folder, name))]
    present += [
        join_path(folder, name)
        for name in checkout.names(folder)
        if re.fullmatch(r"requirements.*\.(txt|in)", name) and not DEVELOPMENT_FILE.search(name)
    ]
    for file in present:
        names = required_distributions(checkout, file)
        if names or file == present[-1]:
            return Requirements(
                "requirements", file, ("-r", file), names=names, limits=constrained_distributions(checkout, file)
            )
    return None


def constrained_distributions(checkout: RepositoryCheckout, file: str) -> tuple[str, ...]:
    """Return the distributions that only the included constraint files name."""
    both = required_distributions(checkout, file, options="-r|--requirement|-c|--constraint")
    return tuple(sorted({*both} - {*required_distributions(checkout, file)}))


def required_distributions(
    checkout: RepositoryCheckout, file: str, seen: set[str] | None = None, options: str = "-r|--requirement"
) -> tuple[str, ...]:
    """Return the distributions of a requirements file and of those it includes.

    `options` are the pip options that count as an include.
    """
    names: list[str] = []
    seen = {file} if seen is None else seen
    for raw in checkout.text(file).replace("\\\n", " ").splitlines()[:5000]:
        line = raw.partition(" #")[0].strip()
        included = re.match(rf"(?:{options})[ =]\s*(\S+)", line)
        if included:
            other = join_path(parent_folder(file), included[1])
            if other not in seen and len(seen) < MAX_INCLUDED_FILES:
                seen.add(other)
                names += required_distributions(checkout, other, seen, options)
        elif egg := re.search(r"#egg=([A-Za-z0-9._-]+)", line):
            names += [name for name in [distribution_of(egg[1])] if name]
        elif not line.startswith(("-", "#")) and (name := distribution_of(line)):
            names.append(name)
    return tuple(dict.fromkeys(names))


def _from_project(checkout: RepositoryCheckout, folder: str) -> Requirements | None:
    project = pyproject.read_project(checkout, folder)
    if project is None:
        return None
    lock, constraints = lockfiles.pinned_versions(checkout, folder)
    kind = {"poetry.lock": "poetry", "uv.lock": "uv", "pdm.lock": "pdm"}.get(lock, project.kind)
    target = f"./{folder}" if folder else "."
    names = tuple(dict.fromkeys(n for n in map(distribution_of, project.requires) if n))
    if project.installable:
        return Requirements(kind, project.file, (target,), (), constraints, names)
    if not project.requires:
        return None
    return Requirements(kind, project.file, (), project.requires, constraints, names)


def _from_pipfile(checkout: RepositoryCheckout, folder: str) -> Requirements | None:
    lines = lockfiles.read_pipfile_lock(checkout, folder) or lockfiles.read_pipfile(checkout, folder)
    if not lines:
        return None
    names = tuple(dict.fromkeys(n for n in map(distribution_of, lines) if n))
    return Requirements("pipenv", join_path(folder, "Pipfile"), (), lines, names=names)
