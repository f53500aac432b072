"""Decide what to warn of before an app's plan is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.apps.app_settings import given_value
from piwizard.apps.code_warnings import DEBUG_SETTING, SECRET_KEY_SETTING, WARNING_TEXTS, turns_debug_on
from piwizard.apps.required_python import RequiredPython
from piwizard.apps.version_specs import fits, is_too_old
from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.python_version import interpreter_version

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

SECRET_KEY_VARIABLES = ("SECRET_KEY", "FLASK_SECRET_KEY")
"""Environment variables that replace a secret key in the code, if the code reads one of them."""


@dataclass(frozen=True)
class UnsuitablePython:
    """The Python that the code asks for, and the version on this machine."""

    wanted: RequiredPython
    version: tuple[int, int]

    @property
    def found(self) -> str:
        """Return the version as text: "3.13"."""
        return ".".join(map(str, self.version))


def app_warnings(app: AppConfig) -> tuple[str, ...]:
    """Return what is unsafe or may fail in the app, for whoever confirms the plan."""
    texts = {one.setting: one.text for one in app.analysis.warnings or ()}
    if any(one.name in SECRET_KEY_VARIABLES for one in app.analysis.environment or ()):
        texts.pop(SECRET_KEY_SETTING, None)
    if turns_debug_on(given_value(app.answers, "FLASK_DEBUG") or ""):
        texts[DEBUG_SETTING] = WARNING_TEXTS[DEBUG_SETTING].format(place="app.env.FLASK_DEBUG")
    if python := _unsuitable_python(app):
        wanted = python.wanted
        texts["Python"] = (
            f"The code asks for Python {wanted.versions} ({wanted.file}); this Pi has {python.found}. "
            "If the app fails, install that version and name it in app.python."
        )
    return tuple(texts.values())


def require_suitable_python(app: AppConfig) -> None:
    """Raise PiwizardError if pip would refuse the Python, or if it is too old.

    The code is overruled by an answer to app.python; pip is not.
    """
    python = _unsuitable_python(app)
    if python is None or not python.wanted.declared:
        return
    refused = app.requirements is not None and app.requirements.is_project
    too_old = is_too_old(python.wanted.spec, python.version) and "app.python" not in app.answers.values
    if not refused and not too_old:
        return
    wanted = python.wanted
    hint = 'Install a suitable Python and name it under [app], as in python = "/usr/local/bin/python3.14".'
    raise PiwizardError(
        f"app.python: {wanted.file} requires Python {wanted.versions}, and {app.python} on this Pi is {python.found}.",
        key="app.python",
        hint=hint if refused else f'{hint} To use this one all the same, write python = "{app.python}".',
    )


def _unsuitable_python(app: AppConfig) -> UnsuitablePython | None:
    """Return the mismatch; None if there is none, or the version is not known."""
    version = interpreter_version(app.python, app.system_python)
    wanted = (app.analysis.python or (None,))[0]
    if wanted is None or version is None or fits(wanted.spec, version):
        return None
    return UnsuitablePython(wanted, version)
