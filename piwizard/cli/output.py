"""Print the results of commands: text for people, JSON for programs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from piwizard.engine import event_format, run_log
from piwizard.errors import PiwizardError
from piwizard.setup.state_symbols import state_symbol
from piwizard.system import console, printable

if TYPE_CHECKING:
    from piwizard.engine.events import Event
    from piwizard.setup.planner import Planner
    from piwizard.setup.preview import Previewed
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance
    from piwizard.system.styled import Style

STATE_STYLES: dict[str, Style] = {
    "done": "ok",
    "drifted": "attention",
    "failed": "problem",
    "interrupted": "attention",
    "skipped": "secondary",
    "todo": "secondary",
}
DIFF_STYLES: dict[str, Style] = {"+": "added", "-": "removed", "@": "command"}


def dump(value: object) -> None:
    """Print a JSON value on a line of its own."""
    console.say_json(value, but=run_log.PLAIN)


def error(problem: PiwizardError, *, as_json: bool) -> None:
    """Print an error: one or two lines on stderr, or JSON on stdout."""
    if as_json:
        dump(problem.as_json())
        return
    console.show(f"piwizard: {problem.located}", errors=True)
    if problem.hint:
        console.show(f"  {problem.hint}", errors=True)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def warn(text: str) -> None:
    """Print a warning on stderr, so that stdout stays JSON."""
    if text:
        console.show(f"piwizard: {text}", errors=True)


def warn_of_incomplete_sites(planner: Planner, site: str | None) -> None:
    """Name the sites that are skipped, and the answer that each of them lacks."""
    for name, key in ({} if site else planner.incomplete_sites).items():
        warn(f"{name} is skipped, because {key} is missing. Run `piwizard` to answer it.")


def show_status(found: Iterable[Status]) -> None:
    """Print one line for each step."""
    for one in found:
        site = f" ({one.instance.site})" if one.instance.site else ""
        summary = _one_line(one.summary)
        symbol = (f"{state_symbol(one.state)} ", STATE_STYLES.get(one.state, ""))
        console.say((symbol, (f"{one.instance.step.title + site:28} {one.state:12} {summary}".rstrip(), "")), hang=44)


def plan_json(instance: StepInstance, changes: Sequence[Previewed]) -> dict[str, Any]:
    """Return the plan of a step as JSON: only the changes that are needed."""
    return {
        "step": instance.step.name,
        "site": instance.site,
        "changes": [
            {
                "change": one.change.describe(),
                "kind": one.change.kind,
                "diff": one.preview.diff or None,
                "argv": [list(argv) for argv in one.preview.argv],
                "edited": one.preview.edited,
            }
            for one in changes
            if not one.preview.in_sync
        ],
        "warnings": [warning for one in changes for warning in one.preview.warnings],
    }


def show_plan(instance: StepInstance, changes: list[Previewed]) -> None:
    """Print the diffs and commands of one step."""
    wanted = [one for one in changes if not one.preview.in_sync]
    console.say(((f"== {instance.title}", "heading"), (f": {len(wanted)} of {len(changes)} changes needed", "")))
    for one in wanted:
        edited = "  (edited by hand since piwizard wrote it)" if one.preview.edited else ""
        console.say(((f"-- {printable.value(one.change.describe())}", "heading"), (edited, "attention")))
        for argv in one.preview.argv:
            console.say((("   $ ", "command"), (shlex.join(argv), "")), hang=7)
        for line in one.preview.diff.splitlines():
            console.say((("   ", ""), (line, DIFF_STYLES.get(line[:1], ""))), hang=5)
    for one in changes:
        for warning in one.preview.warnings if one.preview.in_sync or one.change.kind == "setup" else ():
            console.say((("!! ", "attention"), (warning, "")))
    console.say("")


def show_event(event: Event, *, as_json: bool) -> None:
    """Print an event: lines of text, or JSON."""
    if as_json:
        dump(event)
        return
    first, *others = event_format.lines(event) or [""]
    if first or others:
        console.say(((first, _event_style(event)),), *others)


def _event_style(event: Event) -> Style:
    match event["event"]:
        case "run-started" | "change-started":
            return "heading"
        case "change-skipped":
            return "secondary"
        case "command-started":
            return "command"
        case "error":
            return "problem"
        case "check":
            return "" if event["ok"] else "problem"
        case "run-finished":
            return STATE_STYLES.get(event["result"], "")
    return ""


def say_started(run: str, *, as_json: bool) -> None:
    """Print the name of a run that continues in the background."""
    if as_json:
        dump({"event": "run-detached", "run": run})
    else:
        console.say(f"Run {run} started. `piwizard logs -f` follows it.")


def say_result(text: str, *, ok: bool = True) -> None:
    """Print the last line of a command: what is so now."""
    console.say(((f"{state_symbol('done' if ok else 'failed')} ", "ok" if ok else "problem"), (text, "")))
