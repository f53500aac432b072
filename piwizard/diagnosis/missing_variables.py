"""Explain failures because an environment variable of the app is not set."""

from __future__ import annotations

import re

from piwizard.apps import start_output
from piwizard.apps.env_vars import GENERATED_NAME, SECRET_NAME
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, AskAnswer, Fix, GenerateSecret, RunCommand

MISSING = ("variable-missing", "Environment variables set")

NO_SECRET_KEY = re.compile(r"no secret key was set|A secret key is required", re.IGNORECASE)


def missing_variable(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if a variable is missing, and how to set it."""
    name = _name(failure)
    if name is None and NO_SECRET_KEY.search(failure.text):
        return _secret_key(failure, context)
    if name is None:
        return None
    if name in context.env:
        cause = f"{name} is in app.env, but the service was started without it."
        return context.answered(MISSING, failure, cause, (context.apply("to pass it to the app"),))
    cause = f"The app reads {name} from its environment, but it is not set. Your own shell may have it."
    if GENERATED_NAME.search(name):
        return _generated(failure, context, name, cause)
    return context.finding(MISSING, failure, cause, ask_value(name, context))


def _name(failure: Failure) -> str | None:
    last = failure.frames[-1] if failure.frames else None
    in_os = last is not None and (last.file == "<frozen os>" or last.file.endswith("/os.py"))
    in_environ = in_os and last is not None and last.function == "__getitem__"
    return start_output.missing_variable(f"{failure.kind}: {failure.text}", in_environ=in_environ)


def ask_value(name: str, context: AppContext) -> Fix:
    """Return the fix for a variable whose value only the user knows."""
    secret = SECRET_NAME.search(name) or any(one.secret for one in context.variables if one.name == name)
    return (AskAnswer(f"app.env.{name}", bool(secret)), context.apply())


def _generated(failure: Failure, context: AppContext, name: str, cause: str) -> Finding:
    return context.finding(MISSING, failure, cause, (GenerateSecret(f"app.env.{name}"), context.apply()))


def _secret_key(failure: Failure, context: AppContext) -> Finding:
    read = next((variable.name for variable in context.variables if variable.name.endswith("SECRET_KEY")), None)
    if read and read not in context.env:
        return _generated(failure, context, read, f"Sessions need a secret key, which the app reads from {read}.")
    cause = "Sessions and forms need a secret key, but the app sets none."
    fix = (
        Advice('Add app.secret_key = os.environ["SECRET_KEY"] to the app, and commit it.'),
        Advice("Add SECRET_KEY = { generate = 32 } to [app.env]."),
        RunCommand("piwizard deploy", "after that"),
    )
    return context.finding(("secret-key-missing", "Secret key set"), failure, cause, fix)
