"""From an exception of the app to what is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.doctor import blocked, databases, imports, resources, traceback, variables, writing
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient, each_once
from piwizard.doctor.traceback import Failure

LOOKS = (resources.look, blocked.look, imports.look, variables.look, databases.look, writing.look)
NOT_THE_APPS = frozenset({"HaltServer", "SystemExit", "KeyboardInterrupt", "BrokenPipeError", "ClientDisconnected"})
"""What gunicorn says of itself after the app's own failure, and of visitors who went away."""


def find(streams: Sequence[Sequence[str]], patient: Patient) -> list[Finding]:
    """What is behind the tracebacks in the lines of each process."""
    return each_once(_all(streams, patient))


def _all(streams: Sequence[Sequence[str]], patient: Patient) -> Iterator[Finding]:
    for lines in streams:
        for failure in traceback.find(lines):
            if failure.kind not in NOT_THE_APPS:
                finding = diagnose(failure, patient)
                if not finding.ok:
                    yield finding


def diagnose(failure: Failure, patient: Patient) -> Finding:
    """What is behind one failure; the app's own mistake where nothing else is."""
    for one in (failure, *failure.first):
        for look in LOOKS:
            if finding := look(one, patient):
                return finding
    return _own(failure, patient)


def _own(failure: Failure, patient: Patient) -> Finding:
    frame = patient.own_frame(failure)
    if failure.kind == "TemplateNotFound":
        cause = f"The app shows the page {failure.message}, and the repository holds no such file."
        mend = "Look whether it was committed, and whether small and capital letters are right; then `piwizard deploy`."
        return patient.finding("template missing", failure, cause, mend)
    if failure.kind in ("AppImportError", "NoAppException"):
        cause = f"Nothing that can be served is called {patient.entry} in the code."
        mend = f"Say in app.entry what the app is called, then {patient.take_up}."
        return patient.finding("entry wrong", failure, cause, mend)
    if frame is None:
        cause = "It happened outside of the app's own code."
        mend = f"`journalctl -u {patient.site}` shows the whole of it."
        return patient.finding("app fails", failure, cause, mend)
    source = f": {frame.source}" if frame.source else ""
    cause = f"This line of the app fails{source}"
    mend = f"Mend {frame.file}, line {frame.line}, commit it, then `piwizard deploy`."
    return patient.finding("app fails", failure, cause, mend)
