"""Everything that reading a checkout tells about the Flask app in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps.database import InitCommand, find_init
from piwizard.apps.entry import Candidate, choose, find_entries
from piwizard.apps.env_vars import EnvVars, find_environment
from piwizard.apps.import_scan import packages
from piwizard.apps.python_requirement import PythonWish, find_python
from piwizard.apps.repository_checkout import RepositoryCheckout, Skipped, read
from piwizard.apps.requirements import Requirements, find_requirements
from piwizard.apps.static import RootFile, StaticFolder, find_root_files, find_static
from piwizard.apps.write_paths import Writable, find_writable
from piwizard.errors import PiwizardError

WRITTEN_SECRET = re.compile(rb"\bSECRET_KEY[\"']?\]?\s{0,4}=\s{0,4}[\"'][^\"'\n]{1,200}[\"']")

DEBUGGING = re.compile(r"^[ \t]*(export[ \t]+)?FLASK_DEBUG[ \t]*=[ \t]*[\"']?(1|true)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Survey:
    """What was found in a checkout. `problem` says why there is no `entry`; `notes` are sentences for a person."""

    candidates: tuple[Candidate, ...]
    entry: Candidate | None
    problem: PiwizardError | None
    requirements: Requirements | None
    python: PythonWish | None
    static: tuple[StaticFolder, ...]
    root_files: tuple[RootFile, ...]
    environment: EnvVars
    init: tuple[InitCommand, ...]
    writable: tuple[Writable, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def survey(root: Path) -> Survey:
    """Read a checkout and say what is in it. Nothing of it is imported or run."""
    checkout = read(root)
    candidates = find_entries(checkout)
    entry: Candidate | None = None
    problem: PiwizardError | None = None
    try:
        entry = choose(candidates)
    except PiwizardError as error:
        problem = error
    folder = entry.chdir if entry else ""
    requirements = find_requirements(checkout, folder)
    static = find_static(checkout, entry.origin[0] if entry else "")
    return Survey(
        candidates=tuple(candidates),
        entry=entry,
        problem=problem,
        requirements=requirements,
        python=find_python(checkout, folder),
        static=static,
        root_files=find_root_files(checkout, static),
        environment=find_environment(checkout),
        init=find_init(checkout, entry.entry if entry else ""),
        writable=find_writable(checkout, folder),
        skipped=tuple(checkout.skipped),
        notes=tuple(_notes(checkout, requirements)),
    )


def _notes(checkout: RepositoryCheckout, requirements: Requirements | None) -> list[str]:
    notes: list[str] = []
    if requirements is None:
        named = ", ".join(packages(checkout))
        notes.append(f"Nothing says which packages the app needs: by its imports, {named} will be installed.")
    elif not requirements.flask:
        notes.append(f"{requirements.file} does not ask for Flask.")
    for file in checkout.python:
        if WRITTEN_SECRET.search(checkout.content(file) or b""):
            notes.append(f"A SECRET_KEY is written in {file}: whoever can read the repository can forge sessions.")
            break
    if DEBUGGING.search(checkout.text(".flaskenv")):
        notes.append(".flaskenv switches Flask's debugger on: the site is run without it.")
    return notes
