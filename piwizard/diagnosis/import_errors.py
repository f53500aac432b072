"""Explain imports that fail.

The module is not installed, or is not the version that the app was written for.
"""

from __future__ import annotations

import re

from piwizard.apps.hardware_catalogue import HardwareLibrary, library_of_module
from piwizard.apps.import_scan import PACKAGE_OF_MODULE, is_known_package
from piwizard.apps.missing_modules import local_module_sentence
from piwizard.apps.system_modules import missing_sentence
from piwizard.apps.version_specs import normalized_name
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.python_version import find_venv_mismatch
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.system.shared_libraries import missing_libraries, packages_with

MODULE_MISSING = ("module-missing", "Python modules installed")
DEPLOY = RunCommand("piwizard deploy", "after that")

MISSING = re.compile(r"No module named '([\w.]+)'")
NAME = re.compile(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'(?: \((.*)\))?")


def import_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if an import failed."""
    if failure.kind not in ("ModuleNotFoundError", "ImportError"):
        return None
    if match := MISSING.match(failure.text):
        return _missing(failure, context, match[1])
    if match := NAME.match(failure.text):
        return _other_version(failure, context, match[1], match[3], circular=bool(match[2]), file=match[4] or "")
    if libraries := missing_libraries([failure.text, *failure.further]):
        return _missing_library(failure, context, libraries[0])
    return None


def _missing_library(failure: Failure, context: AppContext, library: str) -> Finding:
    cause = f"A Python package needs {library}, a library of the system, which is not installed."
    kind = ("system-library-missing", "System libraries installed")
    if package := context.archive.choose(packages_with(library)):
        fix: Fix = (context.add("app.packages", package), context.apply("to install it"))
        return context.finding(kind, failure, cause, fix)
    search = RunCommand(f"apt-file search {library}", "(from the package apt-file) to find the package that has it")
    return context.finding(kind, failure, cause, (search, Advice("Add that package to app.packages.")))


def _missing_system_module(failure: Failure, context: AppContext, library: HardwareLibrary) -> Finding:
    cause = f"The app imports {library.name}, which Debian or Raspberry Pi OS installs, and this machine lacks it."
    if package := context.archive.choose(library.debian):
        fix: Fix = (context.add("app.packages", package), context.apply("to install it"))
        return context.finding(MODULE_MISSING, failure, cause, fix)
    return context.finding(MODULE_MISSING, failure, cause, (Advice(missing_sentence(library)),))


def distribution(module: str) -> str:
    """Return the name of a module's distribution, as pip uses it."""
    top = module.partition(".")[0]
    return PACKAGE_OF_MODULE.get(top) or (top.replace("_", "-").title() if top.startswith("flask_") else top)


def _missing(failure: Failure, context: AppContext, module: str) -> Finding:
    if stale := find_venv_mismatch(context.folder / "current" / "venv"):
        cause = f"A system upgrade brought another version of Python: {stale.sentence}."
        fix: Fix = (ApplySteps(("app", "gunicorn"), "to build the environment again"),)
        return context.finding(("python-changed", "Environment built for this Python"), failure, cause, fix)
    top, file = module.partition(".")[0], context.requirements or "requirements.txt"
    own = [path for path in (f"{top}.py", f"{top}/__init__.py") if (context.tree / path).is_file()]
    fix = (Advice("Check that everything is committed, and that app.entry is correct."), DEPLOY)
    if module == context.entry.partition(":")[0]:
        cause = f"The app is loaded from the module {module}, but its code has no such file."
        return context.finding(("entry-wrong", "App entry exists"), failure, cause, fix)
    if own or (context.tree / top).is_dir():
        whole = (context.tree / f"{module.replace('.', '/')}.py").is_file()
        cause = f"{own[0] if own else top} is in the repository, " + (
            "but Python looks for it from another folder." if whole or own == [f"{top}.py"] else f"but {module} is not."
        )
        return context.finding(MODULE_MISSING, failure, cause, fix)
    library = library_of_module(top)
    if library and library.gone:
        cause = f"The app imports {library.name}, which {library.gone}."
        return context.finding(MODULE_MISSING, failure, cause, (Advice("Change the code, and commit it."), DEPLOY))
    if library and library.debian:
        return _missing_system_module(failure, context, library)
    if local := next((one for one in context.local_modules if one.module == top), None):
        cause = f"{local.path} is not in the repository. {local_module_sentence(local, context.data)}"
        put = RunCommand(f"sudo install -D -m 640 {local.path} {context.data / local.path}", "with your own file")
        add = () if context.persistent_path(local.path) else (context.add("app.writable", local.path),)
        return context.finding(MODULE_MISSING, failure, cause, (*add, put, context.apply()))
    wanted = distribution(module)
    if _asked_for(context, wanted):
        cause = f"{file} lists {wanted}, but the environment lacks it, or has another version of it."
        again = RunCommand(
            f"sudo rm {context.folder}/current/venv.json && sudo piwizard apply app", "to build it again"
        )
        return context.finding(MODULE_MISSING, failure, cause, (again,))
    cause = f"The app imports {module}, but {file} does not list it. Your own computer may have it installed."
    if not is_known_package(normalized_name(wanted)):
        # PyPI may have an unrelated package of that name.
        named = Advice(f"If {top} is a file of yours, commit it. Otherwise add the package that provides it to {file}.")
        return context.finding(MODULE_MISSING, failure, cause, (named, DEPLOY))
    others = [one for one in context.unlisted if one != normalized_name(wanted)]
    advice = f"Add the line {wanted} to {file}, and commit it."
    if others:
        advice += f" The code also imports {', '.join(others)}, which it does not list either."
    fix = (Advice(advice), DEPLOY)
    return context.finding(MODULE_MISSING, failure, cause, fix)


def _asked_for(context: AppContext, wanted: str) -> bool:
    return normalized_name(wanted) in context.listed


def _other_version(
    failure: Failure, context: AppContext, name: str, module: str, *, circular: bool, file: str
) -> Finding:
    if circular:
        cause = f"Two files of the app import each other, and {module} is not ready yet when {name} is imported."
        advice = "Move one of the two imports into the function that needs it."
    elif context.inside(file) is not None:
        cause = f"{context.inside(file)} of the app has no {name}."
        advice = "Check that everything is committed."
    else:
        package, where = distribution(module), context.requirements or "requirements.txt"
        cause = f"The installed {package} no longer has {name}: the app was written for an older version."
        advice = f"Change that line, or require the older version of {package} in {where}."
    kind = ("import-fails", "Imports succeed")
    return context.finding(kind, failure, cause, (Advice(advice), DEPLOY))
