"""A module that is not installed, or is another one than the app was written for."""

from __future__ import annotations

import re

from piwizard.apps.import_scan import INSTALLED_AS
from piwizard.apps.version_specs import normal
from piwizard.doctor.finding import Finding, Fix
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure
from piwizard.system.python_version import left_behind

MISSING = re.compile(r"No module named '([\w.]+)'")
NAME = re.compile(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'(?: \((.*)\))?")
LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")


def look(failure: Failure, patient: Patient) -> Finding | None:
    """What an import stumbled over."""
    if failure.kind not in ("ModuleNotFoundError", "ImportError"):
        return None
    if match := MISSING.match(failure.message):
        return _missing(failure, patient, match[1])
    if match := NAME.match(failure.message):
        return _other_version(failure, patient, match[1], match[3], circular=bool(match[2]), file=match[4] or "")
    if match := LIBRARY.search(failure.message):
        cause = f"A Python package needs {match[1]}, a library of the system, which is not installed."
        mend = f"Install the Debian package that brings it: `apt-file search {match[1]}` (from apt-file) names it."
        return patient.finding("library missing", failure, cause, mend)
    return None


def distribution(module: str) -> str:
    """What pip calls a module."""
    top = module.partition(".")[0]
    return INSTALLED_AS.get(top) or (top.replace("_", "-").title() if top.startswith("flask_") else top)


def _missing(failure: Failure, patient: Patient, module: str) -> Finding:
    if stale := left_behind(patient.folder / "current" / "venv"):
        cause = f"A new version of the system brought another Python: {stale.words}."
        mend = "`piwizard apply` builds it anew."
        return patient.finding("another Python", failure, cause, mend, Fix(("app", "gunicorn")))
    top, file = module.partition(".")[0], patient.requirements or "requirements.txt"
    own = [path for path in (f"{top}.py", f"{top}/__init__.py") if (patient.tree / path).is_file()]
    if module == patient.entry.partition(":")[0]:
        cause = f"The app is to be loaded from the module {module}, and its code has no such file."
        mend = "Look whether it was committed, and whether app.entry is right; then `piwizard deploy`."
        return patient.finding("entry wrong", failure, cause, mend)
    if own or (patient.tree / top).is_dir():
        whole = (patient.tree / f"{module.replace('.', '/')}.py").is_file()
        cause = f"{own[0] if own else top} is in the repository, " + (
            "but Python looks for it from another folder." if whole or own == [f"{top}.py"] else f"but {module} is not."
        )
        mend = "Look whether everything was committed, and whether app.entry is right; then `piwizard deploy`."
        return patient.finding("module missing", failure, cause, mend)
    wanted = distribution(module)
    if _asked_for(patient, wanted):
        cause = f"{file} asks for {wanted}, but the environment lacks it: it was altered, or another version is there."
        mend = f"`sudo rm {patient.folder}/current/venv.json`, then `piwizard apply app` builds the environment again."
        return patient.finding("module missing", failure, cause, mend)
    cause = f"The app imports {module}, and {file} does not ask for it. Where you wrote the app it was there anyway."
    mend = f"Put the line {wanted} into {file}, commit it, then `piwizard deploy`."
    return patient.finding("module missing", failure, cause, mend)


def _asked_for(patient: Patient, wanted: str) -> bool:
    return normal(wanted) in patient.listed


def _other_version(failure: Failure, patient: Patient, name: str, module: str, *, circular: bool, file: str) -> Finding:
    if circular:
        cause = f"Two files of the app import each other, and {module} is not ready yet when {name} is asked for."
        mend = "Move one of the two imports into the function that needs it; then `piwizard deploy`."
    elif patient.inside(file) is not None:
        cause = f"{patient.inside(file)} of the app has no {name}."
        mend = "Look whether everything was committed; then `piwizard deploy`."
    else:
        package, where = distribution(module), patient.requirements or "requirements.txt"
        cause = f"The {package} that is installed has no {name} any more: the app was written for an older version."
        mend = f"Change that line, or ask for the older version of {package} in {where}; then `piwizard deploy`."
    return patient.finding("import error", failure, cause, mend)
