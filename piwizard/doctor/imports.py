"""Imports that fail: the module is not installed, or not the one that the app was written for."""

from __future__ import annotations

import re

from piwizard.apps.imports import INSTALLED_AS
from piwizard.apps.specs import normal
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure
from piwizard.machine.interpreter import left_behind
from piwizard.machine.remedies import Advice, ApplySteps, Fix, RunCommand

MODULE_MISSING = ("module-missing", "Python modules installed")
DEPLOY = RunCommand("piwizard deploy", "after that")

MISSING = re.compile(r"No module named '([\w.]+)'")
NAME = re.compile(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'(?: \((.*)\))?")
LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")


def look(failure: Failure, patient: Patient) -> Finding | None:
    """Return the finding where an import failed."""
    if failure.kind not in ("ModuleNotFoundError", "ImportError"):
        return None
    if match := MISSING.match(failure.text):
        return _missing(failure, patient, match[1])
    if match := NAME.match(failure.text):
        return _other_version(failure, patient, match[1], match[3], circular=bool(match[2]), file=match[4] or "")
    if match := LIBRARY.search(failure.text):
        cause = f"A Python package needs {match[1]}, a library of the system, which is not installed."
        fix = (
            RunCommand(f"apt-file search {match[1]}", "(from the package apt-file) to find the package that has it"),
            Advice("Install that package."),
        )
        return patient.finding(("system-library-missing", "System libraries installed"), failure, cause, fix)
    return None


def distribution(module: str) -> str:
    """Return what pip calls a module."""
    top = module.partition(".")[0]
    return INSTALLED_AS.get(top) or (top.replace("_", "-").title() if top.startswith("flask_") else top)


def _missing(failure: Failure, patient: Patient, module: str) -> Finding:
    if stale := left_behind(patient.folder / "current" / "venv"):
        cause = f"A system upgrade brought another version of Python: {stale.words}."
        fix: Fix = (ApplySteps(("app", "gunicorn"), "to build the environment again"),)
        return patient.finding(("python-changed", "Environment built for this Python"), failure, cause, fix)
    top, file = module.partition(".")[0], patient.requirements or "requirements.txt"
    own = [path for path in (f"{top}.py", f"{top}/__init__.py") if (patient.tree / path).is_file()]
    fix = (Advice("Check that everything is committed, and that app.entry is right."), DEPLOY)
    if module == patient.entry.partition(":")[0]:
        cause = f"The app is to be loaded from the module {module}, but its code has no such file."
        return patient.finding(("entry-wrong", "App entry exists"), failure, cause, fix)
    if own or (patient.tree / top).is_dir():
        whole = (patient.tree / f"{module.replace('.', '/')}.py").is_file()
        cause = f"{own[0] if own else top} is in the repository, " + (
            "but Python looks for it from another folder." if whole or own == [f"{top}.py"] else f"but {module} is not."
        )
        return patient.finding(MODULE_MISSING, failure, cause, fix)
    wanted = distribution(module)
    if _asked_for(patient, wanted):
        cause = f"{file} lists {wanted}, but the environment lacks it: it was changed, or has another version."
        again = RunCommand(
            f"sudo rm {patient.folder}/current/venv.json && sudo piwizard apply app", "to build it again"
        )
        return patient.finding(MODULE_MISSING, failure, cause, (again,))
    cause = f"The app imports {module}, but {file} does not list it. It was installed where you wrote the app."
    fix = (Advice(f"Add the line {wanted} to {file}, and commit it."), DEPLOY)
    return patient.finding(MODULE_MISSING, failure, cause, fix)


def _asked_for(patient: Patient, wanted: str) -> bool:
    return normal(wanted) in patient.listed


def _other_version(failure: Failure, patient: Patient, name: str, module: str, *, circular: bool, file: str) -> Finding:
    if circular:
        cause = f"Two files of the app import each other, and {module} is not ready yet when {name} is imported."
        advice = "Move one of the two imports into the function that needs it."
    elif patient.inside(file) is not None:
        cause = f"{patient.inside(file)} of the app has no {name}."
        advice = "Check that everything is committed."
    else:
        package, where = distribution(module), patient.requirements or "requirements.txt"
        cause = f"The installed {package} no longer has {name}: the app was written for an older version."
        advice = f"Change that line, or require the older version of {package} in {where}."
    kind = ("import-fails", "Imports succeed")
    return patient.finding(kind, failure, cause, (Advice(advice), DEPLOY))
