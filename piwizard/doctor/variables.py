"""An environment variable that the app cannot do without."""

from __future__ import annotations

import re

from piwizard.apps.environment import GENERATED, SECRET
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure

OTHERS = (
    re.compile(r"([A-Za-z_]\w*) not found\. Declare it as envvar or define a default value"),  # decouple
    re.compile(r"Environment variable [\"']([A-Za-z_]\w*)[\"'] (?:is )?not set"),  # environs
    re.compile(r"The environment variable '([A-Za-z_]\w*)' is not set"),  # Flask's from_envvar
    re.compile(r"Set the ([A-Za-z_]\w*) environment variable"),  # django-environ
)
NO_SECRET_KEY = re.compile(r"no secret key was set|A secret key is required", re.IGNORECASE)


def look(failure: Failure, patient: Patient) -> Finding | None:
    """Which variable is missing, and where it is to be given."""
    name = _name(failure)
    if name is None and NO_SECRET_KEY.search(failure.message):
        return _secret_key(failure, patient)
    if name is None:
        return None
    if name in patient.env:
        cause = f"{name} is in app.env, but the service was started without it."
        mend = f"{patient.take_up} hands it over."
        return patient.answered("variable missing", failure, cause, mend, patient.fix())
    cause = f"The app reads {name} from its environment, and nobody has given it. Your own shell has it perhaps."
    if GENERATED.search(name):
        return _generated(failure, patient, name, cause)
    value = '{ env = "…" }, { file = "…" } or a text' if SECRET.search(name) else 'a text, as in "…"'
    mend = f"Put {name} into [app.env] of the answers: {value}; then {patient.take_up}. `piwizard` asks for it, too."
    return patient.finding("variable missing", failure, cause, mend)


def _name(failure: Failure) -> str | None:
    last = failure.frames[-1] if failure.frames else None
    if failure.kind == "KeyError" and last and last.function == "__getitem__":
        if last.file == "<frozen os>" or last.file.endswith("/os.py"):
            return failure.message.strip("'\"") or None
        return None
    return next((match[1] for pattern in OTHERS if (match := pattern.search(failure.message))), None)


def _generated(failure: Failure, patient: Patient, name: str, cause: str) -> Finding:
    mend = f"Put {name} = {{ generate = 32 }} into [app.env] of the answers, then {patient.take_up}."
    fix = patient.fix((("app.env", {name: {"generate": 32}}),))
    return patient.finding("variable missing", failure, cause, mend, fix)


def _secret_key(failure: Failure, patient: Patient) -> Finding:
    read = next((variable.name for variable in patient.variables if variable.name.endswith("SECRET_KEY")), None)
    if read and read not in patient.env:
        return _generated(failure, patient, read, f"Sessions need a secret key, which the app reads from {read}.")
    cause = "Sessions and forms need a secret key, and the app sets none."
    mend = (
        'Write app.secret_key = os.environ["SECRET_KEY"] into the app, commit it, put SECRET_KEY = { generate = 32 } '
        "into [app.env], then `piwizard deploy`."
    )
    return patient.finding("secret key missing", failure, cause, mend)
