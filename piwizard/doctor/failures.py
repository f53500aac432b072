"""Find the cause of an exception of the app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.doctor import blocked, databases, imports, resources, traceback, variables, writing
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient, each_once
from piwizard.doctor.traceback import Failure
from piwizard.machine.remedies import Advice, Fix, RunCommand

APP_FAILS = ("app-fails", "App runs without errors")

LOOKS = (resources.look, blocked.look, imports.look, variables.look, databases.look, writing.look)
NOT_THE_APPS = frozenset({"HaltServer", "SystemExit", "KeyboardInterrupt", "BrokenPipeError", "ClientDisconnected"})
"""What gunicorn raises after the app's own failure, and what visitors who disconnect cause."""


def find(streams: Sequence[Sequence[str]], patient: Patient) -> list[Finding]:
    """Return the causes of the tracebacks in the lines of each process."""
    return each_once(_all(streams, patient))


def _all(streams: Sequence[Sequence[str]], patient: Patient) -> Iterator[Finding]:
    for lines in streams:
        for failure in traceback.find(lines):
            if failure.kind not in NOT_THE_APPS:
                finding = diagnose(failure, patient)
                if not finding.ok:
                    yield finding


def diagnose(failure: Failure, patient: Patient) -> Finding:
    """Return the cause of one failure: an error in the app itself where there is no other."""
    for one in (failure, *failure.first):
        for look in LOOKS:
            if finding := look(one, patient):
                return finding
    return _own(failure, patient)


def _own(failure: Failure, patient: Patient) -> Finding:
    frame = patient.own_frame(failure)
    deploy = RunCommand("piwizard deploy", "after that")
    if failure.kind == "TemplateNotFound":
        cause = f"The app shows the page {failure.text}, but the repository has no such file."
        fix: Fix = (Advice("Check that it is committed, and that upper and lower case are right."), deploy)
        return patient.finding(("template-missing", "Template exists"), failure, cause, fix)
    if failure.kind in ("AppImportError", "NoAppException"):
        cause = f"The code has no app named {patient.entry}."
        fix = (Advice("Set app.entry to the app's name."), RunCommand(patient.take_up, "after that"))
        return patient.finding(("entry-wrong", "App entry exists"), failure, cause, fix)
    if frame is None:
        cause = "It happened outside of the app's own code."
        fix = (RunCommand(f"journalctl -u {patient.site}", "to see all of it"),)
        return patient.finding(APP_FAILS, failure, cause, fix)
    source = f": {frame.source}" if frame.source else ""
    cause = f"This line of the app fails{source}"
    fix = (Advice(f"Correct {frame.file}, line {frame.line}, and commit it."), deploy)
    return patient.finding(APP_FAILS, failure, cause, fix)
