"""Explain why the last run of a step failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from piwizard.doctor import failures, variables
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient
from piwizard.engine.events import Event
from piwizard.engine.state import Entry
from piwizard.machine.remedies import Advice, ApplySteps, Remedy, RunCommand

LAST_RUN = ("last-run", "Last run succeeded")


def look(
    recorded: Sequence[Event], entry: Entry, step: str, site: str | None, patient: Patient | None
) -> list[Finding]:
    """Return why it failed: from the tracebacks that its commands printed, else from its own error."""
    of_step = _only(recorded, step, site)
    found = failures.find([_words(of_step)], patient) if patient else []
    if found:
        return [replace(one, step=step, cause=f"{_begin(patient)}{one.cause}") for one in found[-1:]]
    error = next((event for event in reversed(of_step) if event["event"] == "error"), None)
    detail = (error["message"] if error else entry.summary) or "it stopped before its end"

    def finding(cause: str, *fix: Remedy, detail: str = detail, kind: tuple[str, str] = LAST_RUN) -> list[Finding]:
        return [Finding(*kind, False, detail, cause, fix, step=step, site=site)]

    if entry.result in ("running", "stopped"):
        cause = "The run was stopped, or the Pi lost its power."
        return finding(cause, ApplySteps((step,), "to resume it"), detail=f"{step} was interrupted at {entry.at}")
    table, _, name = ((error and error.get("key")) or "").rpartition(".")
    if patient and table == "app.env":  # older records have the table alone
        cause = f"{_begin(patient)}The code reads {name} from its environment, but it is not set."
        return finding(cause, *variables.asking(name, patient), kind=variables.MISSING)
    hint = error and error.get("hint")
    first = Advice(hint) if hint else RunCommand(f"piwizard logs {step}", "to see the whole log")
    newest = patient is not None and patient.newest
    again = RunCommand("piwizard deploy" if newest else f"piwizard apply {step}", "to try it again")
    return finding(_begin(patient) or "The step failed.", first, again)


def _begin(patient: Patient | None) -> str:
    if patient and patient.newest:
        return "The newest version failed its smoke test, and the one before still runs. "
    return ""


def _only(recorded: Sequence[Event], step: str, site: str | None) -> list[Event]:
    """The events of one step in a run of several."""
    inside, found = False, []
    for event in recorded:
        if event["event"] == "run-started":
            inside = (event["step"], event["site"]) == (step, site)
        if inside:
            found.append(event)
    return found


def _words(of_step: Sequence[Event]) -> list[str]:
    """What the last command that failed printed."""
    failed = [event["id"] for event in of_step if event["event"] == "command-finished" and event["exit"] != 0]
    return [event["text"] for event in of_step if event["event"] == "output" and event["id"] in failed[-1:]]
