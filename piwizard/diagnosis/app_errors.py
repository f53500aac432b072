"""Find the cause of an exception of the app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.diagnosis.app_context import AppContext, merge_duplicates
from piwizard.diagnosis.blocked_connections import blocked_connection
from piwizard.diagnosis.database_errors import database_error
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.hardware_errors import hardware_error
from piwizard.diagnosis.import_errors import import_error
from piwizard.diagnosis.missing_variables import missing_variable
from piwizard.diagnosis.permission_errors import permission_error
from piwizard.diagnosis.resource_errors import resource_error
from piwizard.diagnosis.tracebacks import Failure, find_failures
from piwizard.system.remedies import Advice, Fix, RunCommand

APP_FAILS = ("app-fails", "App runs without errors")

CAUSES = (
    resource_error,
    blocked_connection,
    import_error,
    missing_variable,
    database_error,
    hardware_error,
    permission_error,
)
OTHER_EXCEPTIONS = frozenset({"HaltServer", "SystemExit", "KeyboardInterrupt", "BrokenPipeError", "ClientDisconnected"})
"""Raised by gunicorn after a failure of the app, or because a visitor disconnects."""


def find_causes(streams: Sequence[Sequence[str]], context: AppContext) -> list[Finding]:
    """Return the causes of the tracebacks in the lines of each process."""
    return merge_duplicates(_all(streams, context))


def _all(streams: Sequence[Sequence[str]], context: AppContext) -> Iterator[Finding]:
    for lines in streams:
        for failure in find_failures(lines):
            if failure.kind not in OTHER_EXCEPTIONS:
                finding = diagnose(failure, context)
                if not finding.ok:
                    yield finding


def diagnose(failure: Failure, context: AppContext) -> Finding:
    """Return the cause of one failure; by default an error in the app itself."""
    for one in (failure, *failure.first):
        for cause_of in CAUSES:
            try:
                finding = cause_of(one, context)
            except (OSError, ValueError):  # an app can print any name, also one that no file can have
                continue
            if finding:
                return finding
    return _own(failure, context)


def _own(failure: Failure, context: AppContext) -> Finding:
    frame = context.own_frame(failure)
    deploy = RunCommand("piwizard deploy", "after that")
    if failure.kind == "TemplateNotFound":
        cause = f"The app shows the page {failure.text}, but the repository has no such file."
        fix: Fix = (Advice("Check that it is committed, and that uppercase and lowercase letters match."), deploy)
        return context.finding(("template-missing", "Template exists"), failure, cause, fix)
    if failure.kind in ("AppImportError", "NoAppException"):
        cause = f"The code has no app named {context.entry}."
        fix = (Advice("Set app.entry to the app's name."), RunCommand(context.apply_command, "after that"))
        return context.finding(("entry-wrong", "App entry exists"), failure, cause, fix)
    if frame is None:
        cause = "It happened outside of the app's own code."
        fix = (RunCommand(f"journalctl -u {context.site}", "to see all of it"),)
        return context.finding(APP_FAILS, failure, cause, fix)
    source = f": {frame.source}" if frame.source else ""
    cause = f"This line of the app fails{source}"
    fix = (Advice(f"Correct {frame.file}, line {frame.line}, and commit it."), deploy)
    return context.finding(APP_FAILS, failure, cause, fix)
