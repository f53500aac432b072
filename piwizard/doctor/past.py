"""What the last run of a step left behind where it did not come to a good end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from piwizard.changes.command import VARIABLE
from piwizard.doctor import failures, variables
from piwizard.doctor.finding import Finding, Fix
from piwizard.doctor.patient import Patient
from piwizard.engine.events import Event
from piwizard.engine.state import Entry


def look(
    recorded: Sequence[Event], entry: Entry, step: str, site: str | None, patient: Patient | None
) -> list[Finding]:
    """Why it failed: by the tracebacks that its commands printed, else by its own last words."""
    of_step = _only(recorded, step, site)
    found = failures.find([_words(of_step)], patient) if patient else []
    if found:
        return [replace(one, step=step, cause=f"{_begin(patient)}{one.cause}") for one in found[-1:]]
    error = next((event for event in reversed(of_step) if event["event"] == "error"), None)
    detail = (error["message"] if error else entry.summary) or "it ended in the middle"
    mend = (error and error.get("hint")) or f"`piwizard logs {step}` shows all that was said."
    if entry.result in ("running", "stopped"):
        return [
            Finding("last run", step, site, False, f"{step} was broken off at {entry.at}",
                    "The run was stopped, or the machine lost its power.", "`piwizard apply` goes on with it.",
                    Fix((step,)))
        ]  # fmt: skip
    if patient and (lacks := VARIABLE.match(detail)):
        name = lacks[1]
        cause = f"{_begin(patient)}The code reads {name} from its environment, and nobody has given it."
        fix = variables.asking(name, patient)
        return [Finding("variable missing", step, site, False, detail, cause, variables.by_hand(name, patient), fix)]
    newest = patient is not None and patient.newest
    again = f"Then `piwizard {'deploy' if newest else f'apply {step}'}` tries it again."
    return [
        Finding(
            "last run", step, site, False, detail, _begin(patient) or "The step did not succeed.", f"{mend} {again}"
        )
    ]


def _begin(patient: Patient | None) -> str:
    return "The newest version did not take over, and the one before still runs. " if patient and patient.newest else ""


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
