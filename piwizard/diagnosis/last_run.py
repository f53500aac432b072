"""Explain why the last run of a step failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from piwizard.diagnosis import app_errors, missing_variables
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.engine.events import Event
from piwizard.engine.state import Entry
from piwizard.steps.registry import title_of
from piwizard.system.remedies import Advice, ApplySteps, Remedy, RunCommand

LAST_RUN = ("last-run", "Last run succeeded")


def explain_last_run(
    events: Sequence[Event], entry: Entry, step: str, site: str | None, context: AppContext | None
) -> list[Finding]:
    """Return why it failed, from the output of its commands or its own error."""
    of_step = only_step(events, step, site)
    found = app_errors.find_causes([failed_output(of_step)], context) if context else []
    if found:
        return [replace(one, step=step, cause=f"{_prefix(context)}{one.cause}") for one in found[-1:]]
    error = next((event for event in reversed(of_step) if event["event"] == "error"), None)
    detail = (error["message"] if error else entry.summary) or "it ended early"

    def finding(cause: str, *fix: Remedy, detail: str = detail, kind: tuple[str, str] = LAST_RUN) -> list[Finding]:
        return [Finding(*kind, False, detail, cause, fix, step=step, site=site)]

    if entry.result in ("running", "stopped") and error is None:
        cause = "The run was stopped, or the Pi lost power."
        return finding(
            cause, ApplySteps((step,), "to resume it"), detail=f"{title_of(step)} was interrupted at {entry.at}"
        )
    table, _, name = ((error and error.get("key")) or "").rpartition(".")
    if context and table == "app.env":  # logs of older versions name only the table
        cause = f"{_prefix(context)}The code reads {name} from its environment, but it is not set."
        return finding(cause, *missing_variables.ask_value(name, context), kind=missing_variables.MISSING)
    hint = error and error.get("hint")
    if entry.result == "stopped":
        return finding("The run is not finished.", *((Advice(hint),) if hint else ()))
    first = Advice(hint) if hint else RunCommand(f"piwizard logs {step}", "to see the whole log")
    newest = context is not None and context.newest
    again = RunCommand("piwizard deploy" if newest else f"piwizard apply {step}", "to try it again")
    return finding(_prefix(context).rstrip(), first, again)


def _prefix(context: AppContext | None) -> str:
    if context and context.newest:
        return "The newest version failed its smoke test, and the previous one still runs. "
    return ""


def only_step(events: Sequence[Event], step: str, site: str | None) -> list[Event]:
    """Return the events of one step in a run of several."""
    inside, found = False, []
    for event in events:
        if event["event"] == "run-started":
            inside = (event["step"], event["site"]) == (step, site)
        if inside:
            found.append(event)
    return found


def failed_output(of_step: Sequence[Event]) -> list[str]:
    """Return the output of the last command that failed."""
    failed = [event["id"] for event in of_step if event["event"] == "command-finished" and event["exit"] != 0]
    return [event["text"] for event in of_step if event["event"] == "output" and event["id"] in failed[-1:]]
