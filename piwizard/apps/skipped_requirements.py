"""Ask for consent to skip lines of a requirements file.

pip cannot install them here, or would have to build them for hours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from piwizard.apps.debian_modules import DEBIAN_MODULES, Replacement, python_minor
from piwizard.apps.old_flask import old_flask_limits
from piwizard.apps.unusable_requirements import UnusableLine
from piwizard.apps.version_specs import normalized_name
from piwizard.changes.virtualenv import MARKER
from piwizard.errors import Consent, ConsentMissing, PiwizardError
from piwizard.system import files

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

KEY = "app.skip_requirements"


def require_usable_list(app: AppConfig) -> None:
    """Raise ConsentMissing if the list has unusable lines that are not to be skipped.

    Raise PiwizardError if the answer names something that the list does not have.
    """
    wanted = app.requirements
    given = tuple(app.answers.get(KEY, ()))
    _require_known(app, given)
    if wanted is None:
        return
    replaced = () if KEY in app.answers.values else _unusable(app, app.debian.replacements.others)
    lines = (*wanted.unusable, *replaced)
    if not lines or files.read(app.layout.release / MARKER) == app.dependencies.recipe:
        return
    named = "; ".join(f"{one.text} (line {one.line}): {one.reason}" for one in lines)
    answer = json.dumps(list(dict.fromkeys((*given, *(one.name for one in lines)))), ensure_ascii=False)
    it, there = ("it", "a line") if len(lines) == 1 else ("them", f"{len(lines)} lines")
    raise ConsentMissing(
        f"{wanted.file} has {there} that pip cannot install on this Pi: {named}.",
        key=KEY,
        hint=f"Change the file, or skip {it} with this line under [app] of the answers: skip_requirements = {answer}",
        site=app.layout.site,
        given=given,
        consents=tuple(
            Consent(f"Skip {one.text} ({one.file}, line {one.line})? Reason: {one.reason}.", one.name) for one in lines
        ),
    )


def _require_known(app: AppConfig, given: tuple[str, ...]) -> None:
    """Require that the answer names only what the list has, before something is built."""
    known = (
        *(app.requirements.skipped if app.requirements else ()),
        *(app.debian.own_list.skipped if app.debian.own_list else ()),
    )
    unknown = [one for one in given if one not in known]
    if not unknown or files.read(app.layout.release / MARKER) == app.dependencies.recipe:
        return
    names = ", ".join(unknown)
    if app.requirements is None:
        sentence = f"{KEY} names {names}, and the app has no list of packages."
    else:
        sentence = f"{KEY} names {names}, and {app.requirements.file} has no such package or line."
    raise PiwizardError(sentence, key=KEY, hint="Remove it from the answers, or write it as the list does.")


def requirement_notices(app: AppConfig) -> list[str]:
    """Return what the installation changes about the app's own list."""
    wanted = app.requirements
    if wanted is None:
        return []
    found = []
    for one in app.debian.replacements.fitting:
        found.append(
            f"{one.line.text} ({one.line.place}) has no wheel for Python {_python(app)}. Debian's {one.package} "
            f"{one.version} takes its place{', although it is newer than the list allows' if one.newer else ''}."
        )
    for name in app.debian.own_list.skipped if app.debian.own_list else ():
        module = DEBIAN_MODULES.get(normalized_name(name))
        if module and module.package in app.debian.replacing:
            found.append(f"{KEY} names {name}: Debian's {module.package} takes its place.")
    for one in app.debian.replacements.others if KEY in app.answers.values else ():
        found.append(
            f"{one.line.text} ({one.line.place}) has no wheel for Python {_python(app)}: pip builds it, which takes "
            f"hours or fails. To use Debian's {one.package} {one.version} instead, add {one.line.name} to {KEY}."
        )
    if limits := old_flask_limits(wanted):
        found.append(f"{wanted.file} asks for an old Flask, which needs {', '.join(limits)}: pip gets these limits.")
    if wanted.old_gunicorn:
        found.append(
            f"{wanted.file} asks for gunicorn{wanted.gunicorn}, which is too old. The environment gets a current one."
        )
    return found


def _unusable(app: AppConfig, replacements: tuple[Replacement, ...]) -> tuple[UnusableLine, ...]:
    """Return the lines that pip would have to build, once for each distribution."""
    found = {
        one.line.name: UnusableLine(
            one.line.text,
            one.line.file,
            one.line.line,
            f"it has no wheel for Python {_python(app)}, and Debian's {one.package} {one.version} can take its place",
            one.line.name,
        )
        for one in reversed(replacements)
    }
    return tuple(reversed(found.values()))


def _python(app: AppConfig) -> str:
    return f"3.{python_minor(app.system_python)}"
