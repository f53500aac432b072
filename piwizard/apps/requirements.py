"""Find the packages that an app requires, and pip's arguments for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from piwizard.apps import lockfiles, pyproject
from piwizard.apps.conda_environment import find_conda_environment, read_conda_environment
from piwizard.apps.debian_modules import CompiledLine, compiled_lines
from piwizard.apps.list_for_pip import named_in, prepare_list
from piwizard.apps.modules import join_path
from piwizard.apps.project_sources import read_pipenv_sources, read_project_sources
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.apps.requirement_lists import ListedLine, RequirementList, read_requirement_list
from piwizard.apps.unusable_requirements import UnusableLine, UsableLine, judge_conda_line, judge_line
from piwizard.apps.version_specs import distribution_of, excludes_from, normalized_name
from piwizard.system.lazy_dataclass import dataclass

PREFERRED_FILES = (
    "requirements.txt", "requirements/prod.txt", "requirements/production.txt", "requirements/requirements.txt",
    "requirements-prod.txt", "requirements_prod.txt", "requirements/base.txt", "requirements/common.txt",
    "requirements/main.txt", "requirements.in",
)  # fmt: skip
REQUIREMENTS_FILE = re.compile(r"(?:requi?re?m(?:en|ne)ts?|reqs?|packages)([-_. ].*)?\.(?:txt|in|pip)", re.IGNORECASE)
"""requirement.txt, Requirements.txt, reqs.txt, requirements_pi.txt and other names that people give the file."""
REQUIREMENTS_PART = re.compile(r"[\w.-]+\.(?:txt|in)")
DEVELOPMENT_FILE = re.compile(r"dev|test|doc|lint|typ|ci\b|local|build|optional", re.IGNORECASE)
OTHER_FOLDER = re.compile(r"^\.|dev|test|doc|example|sample|build", re.IGNORECASE)
MAX_LISTS = 20
# Distributions that depend on Flask.
FLASK_DISTRIBUTIONS = ("flask", "apiflask", "dash", "connexion", "eve")
OLDEST_GUNICORN = (23,)
"""An older one is replaced, whatever the list pins: it cannot be started as a module."""
GUNICORN_NAME = re.compile(r"^\s*gunicorn\s*(?:\[[^\]]*\])?", re.IGNORECASE)


@dataclass(frozen=True)
class Requirements:
    """The packages to install: `pip install ARGUMENTS`, run in the checkout.

    If `lines` is not empty, pip cannot read the app's own file: write the lines to a requirements file for pip's -r.
    `constraints` are the versions of a lock file, for pip's -c. `names` are the distributions that are required
    directly; `pins` are the exact versions that the list or its constraint files set. `apart` are projects that a list
    with hashes cannot contain. `unusable` are lines that pip cannot install here, and `skipped` those that the answers
    skip. `gunicorn` is the version of it that the list asks for: "==20.0.4". `compiled` are the lines that may have no
    wheel for this Python.
    """

    kind: str
    file: str
    arguments: tuple[str, ...]
    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unusable: tuple[UnusableLine, ...] = ()
    skipped: tuple[str, ...] = ()
    gunicorn: str = ""
    compiled: tuple[CompiledLine, ...] = ()

    @property
    def is_project(self) -> bool:
        """Return whether pip installs the checkout, or a folder of it, as a project."""
        return len(self.arguments) == 1 and (self.arguments[0] == "." or self.arguments[0].startswith("./"))

    @property
    def flask(self) -> bool:
        """Return whether Flask, or something that depends on it, is required."""
        return any(name in FLASK_DISTRIBUTIONS or name.startswith("flask-") for name in self.names)

    @property
    def old_gunicorn(self) -> bool:
        """Return whether the list asks for a gunicorn that is too old for piwizard."""
        return "gunicorn" in self.names and excludes_from(self.gunicorn, OLDEST_GUNICORN)


def find_requirements(
    root: Path | RepositoryCheckout, folder: str = "", skip: tuple[str, ...] = ()
) -> Requirements | None:
    """Return the requirements of a folder, else of the checkout; none of `skip`."""
    checkout = scan_checkout(root)
    for place in dict.fromkeys([folder, ""]):
        if found := _find_in_folder(checkout, place, skip):
            return found
    return _find_below(checkout, skip)


def _find_in_folder(checkout: RepositoryCheckout, folder: str, skip: tuple[str, ...]) -> Requirements | None:
    found = [*_from_files(checkout, folder, skip)]
    found += [one for one in (_from_project(checkout, folder, skip), _from_pipfile(checkout, folder, skip)) if one]
    if not found and (file := find_conda_environment(checkout, folder)):
        return read_requirements(checkout, file, skip)
    if not found:
        return None
    # An outdated requirements.txt beside the real list of packages usually lacks Flask.
    return next((one for one in found if one.flask), found[0])


def _find_below(checkout: RepositoryCheckout, skip: tuple[str, ...]) -> Requirements | None:
    """Return the list of a folder such as install, if it is the only one that names Flask."""
    files = [
        join_path(folder, name)
        for folder in checkout.names()
        if checkout.is_dir(folder) and not OTHER_FOLDER.search(folder)
        for name in checkout.names(folder)
        if REQUIREMENTS_FILE.fullmatch(name) and not DEVELOPMENT_FILE.search(name)
    ]
    read = (read_requirements(checkout, file, skip) for file in files[:MAX_LISTS] if checkout.is_file(file))
    lists = [one for one in read if one.flask]
    return lists[0] if len(lists) == 1 else None


def _from_files(checkout: RepositoryCheckout, folder: str, skip: tuple[str, ...]) -> list[Requirements]:
    """Return the requirements files of a folder that require something; else the last one."""
    present = [join_path(folder, name) for name in PREFERRED_FILES if checkout.is_file(join_path(folder, name))]
    for place in (folder, join_path(folder, "requirements")):
        present += [
            join_path(place, name)
            for name in checkout.names(place)
            if (REQUIREMENTS_FILE if place == folder else REQUIREMENTS_PART).fullmatch(name)
            and not DEVELOPMENT_FILE.search(name)
            and checkout.is_file(join_path(place, name))
        ]
    read = [read_requirements(checkout, file, skip) for file in dict.fromkeys(present[:MAX_LISTS])]
    return [one for one in read if one.names or one.unusable or one.is_project] or read[-1:]


def read_requirements(checkout: RepositoryCheckout, file: str, skip: tuple[str, ...] = ()) -> Requirements:
    """Return the requirements that a list of pip or conda has, as pip gets them."""
    if PurePosixPath(file).suffix in {".yml", ".yaml"}:
        conda, own = read_conda_environment(checkout, file)
        listed = RequirementList(file, [*conda, *own])
        pip = prepare_list(checkout, RequirementList(file, conda), skip, lambda _, line: judge_conda_line(line))
        pip.add(checkout, RequirementList(file, own), skip, judge_line)
        kind, pip.changed = "conda", True
    else:
        listed = read_requirement_list(checkout, file)
        pip = prepare_list(checkout, listed, skip)
        kind = "requirements"
    return Requirements(
        kind,
        file,
        () if pip.changed else ("-r", file),
        tuple(pip.lines) if pip.changed else (),
        names=tuple(dict.fromkeys(pip.names)),
        pins=listed.pins,
        apart=tuple(pip.apart),
        unusable=tuple(pip.unusable),
        skipped=tuple(dict.fromkeys(pip.skipped)),
        gunicorn=_gunicorn(one.text for one in (*listed.lines, *listed.limits)),
        compiled=compiled_lines((*listed.lines, *listed.limits), skip),
    )


def _gunicorn(lines: Iterable[str]) -> str:
    """Return the versions of gunicorn that requirement lines ask for."""
    wanted = (line.partition(";")[0] for line in lines if distribution_of(line) == "gunicorn")
    return ",".join(filter(None, (GUNICORN_NAME.sub("", line).strip() for line in wanted)))


def _from_project(checkout: RepositoryCheckout, folder: str, skip: tuple[str, ...]) -> Requirements | None:
    project = pyproject.read_project(checkout, folder)
    if project is None:
        return None
    lock, constraints = lockfiles.pinned_versions(checkout, folder)
    kind = {"poetry.lock": "poetry", "uv.lock": "uv", "pdm.lock": "pdm"}.get(lock, project.kind)
    target = f"./{folder}" if folder else "."
    names = tuple(dict.fromkeys(n for n in map(distribution_of, project.requires) if n))
    if not project.installable and not project.requires:
        return None
    sources = read_project_sources(checkout, folder)
    problems = [one for one in sources.problems if normalized_name(one.name) in names]
    judged = [judge_line(checkout, ListedLine(line, project.file, 1)) for line in project.requires]
    problems += [one for one in judged if isinstance(one, UnusableLine) and one.elsewhere]
    unusable = tuple(one for one in problems if not _skipped(one.text, skip))
    required = [line for line in project.requires if not _skipped(line, skip)]
    arguments: tuple[str, ...] = ()
    lines = [sources.lines.get(distribution_of(line) or "", line) for line in required]
    if project.installable and len(required) == len(project.requires):
        # pip finds these in the same call, and so never asks PyPI for an unrelated package of that name. poetry writes
        # its own sources into the metadata.
        own_names = [name for name in names if name in sources.lines and project.kind != "poetry"]
        arguments, lines = (target,), [sources.lines[name] for name in own_names]
    gunicorn = _gunicorn((*project.requires, *constraints))
    own = {distribution_of(line) for line in constraints} & set(sources.lines)
    kept = tuple(line for line in constraints if distribution_of(line) not in own and not _skipped(line, skip))
    skipped = tuple(one for one in skip if any(_skipped(line, (one,)) for line in (*project.requires, *constraints)))
    return Requirements(
        kind,
        project.file,
        arguments,
        tuple(lines),
        kept,
        names,
        unusable=unusable,
        skipped=skipped,
        gunicorn=gunicorn,
        compiled=compiled_lines(
            (
                *(ListedLine(line, project.file, 1) for line in project.requires),
                *(ListedLine(line, join_path(folder, lock), 1) for line in constraints),
            ),
            skip,
        ),
    )


def _skipped(line: str, skip: tuple[str, ...]) -> bool:
    return bool(named_in(ListedLine(line, "", 0), skip))


def _from_pipfile(checkout: RepositoryCheckout, folder: str, skip: tuple[str, ...]) -> Requirements | None:
    source_file, packages = lockfiles.read_pipenv_packages(checkout, folder)
    every = lockfiles.requirement_lines(packages)
    if not every:
        return None
    file = join_path(folder, "Pipfile")
    sources = read_pipenv_sources(checkout, folder, source_file, packages)
    kept = [line for line in every if not _skipped(line, skip)]
    lines: list[str] = []
    problems = [*sources.problems]
    not_there = {normalized_name(one.name) for one in problems}
    for line in kept:
        name = distribution_of(line) or ""
        if name in not_there:
            continue
        judged = judge_line(checkout, ListedLine(sources.lines.get(name, line), file, 1))
        if isinstance(judged, UnusableLine) and (judged.elsewhere or name in sources.lines):
            problems.append(replace(judged, text=name, name=name))
        else:
            lines += judged.texts if isinstance(judged, UsableLine) else (line,)
    return Requirements(
        "pipenv",
        file,
        (),
        tuple(lines),
        names=tuple(dict.fromkeys(n for n in map(distribution_of, every) if n)),
        unusable=tuple(one for one in problems if not _skipped(one.text, skip)),
        skipped=tuple(one for one in skip if any(_skipped(line, (one,)) for line in every)),
        gunicorn=_gunicorn(lines),
        compiled=compiled_lines((ListedLine(line, file, 1) for line in lines), skip),
    )
