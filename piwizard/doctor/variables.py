"""An environment variable that the app cannot do without."""

from __future__ import annotations

import re
from dataclasses import replace

from piwizard.apps import smoke_test
from piwizard.apps.env_vars import GENERATED, SECRET
from piwizard.doctor.finding import Finding, Fix
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure

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
    return patient.finding("variable missing", failure, cause, by_hand(name, patient), asking(name, patient))


def _name(failure: Failure) -> str | None:
    last = failure.frames[-1] if failure.frames else None
    in_os = last is not None and (last.file == "<frozen os>" or last.file.endswith("/os.py"))
    in_environ = in_os and last is not None and last.function == "__getitem__"
    return smoke_test.variable(f"{failure.kind}: {failure.message}", in_environ=in_environ)


def by_hand(name: str, patient: Patient) -> str:
    """How to give a variable."""
    value = '{ env = "…" }, { file = "…" } or a text' if SECRET.search(name) else 'a text, as in "…"'
    return (
        f"`piwizard doctor --fix` asks you for it. Or put {name} into [app.env] of the answers: {value}; then "
        f"{patient.take_up}."
    )


def asking(name: str, patient: Patient) -> Fix:
    """The run that takes up a variable, after a person was asked for its value."""
    secret = SECRET.search(name) or any(one.secret for one in patient.variables if one.name == name)
    return replace(patient.fix(), asks=((f"app.env.{name}", bool(secret)),))


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
