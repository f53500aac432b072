"""Check everything weekly, and show problems at each login until they are fixed.

What has changed since the last check goes to the journal, and nothing else does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from piwizard.engine import run_launch
from piwizard.engine.state import State
from piwizard.setup import workspace
from piwizard.setup.health import inspect
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance
from piwizard.system import console, files, paths
from piwizard.system.checks import Check
from piwizard.system.lazy_dataclass import dataclass

MOTD = Path("/etc/motd.d/piwizard")
"""Shown at each login, as long as it is there."""
WARNING, NOTICE = "<4>", "<5>"
"""How systemd tells lines of a service apart in the journal."""
VERSION = 2
"""1 was a list of what had failed, by what a person reads."""


@dataclass(frozen=True)
class Problem:
    """A failed check. `id` stays the same; `label` and `text` are for a person.

    `beyond`: its cause may be outside this machine, as in `Check`. `subject` is the host name that it is about.
    """

    id: str
    label: str
    text: str
    beyond: bool = False
    subject: str = ""


def watch() -> int:
    """Check everything that is set up, and report what is new. Return the exit code."""
    if run_launch.under_way():
        return 0  # its own checks follow, and services may be down for a moment
    console.say(*refresh())
    return 0


def refresh() -> list[str]:
    """Update what is shown at login. Return the lines for the journal."""
    return show_at_login(problems(workspace.planner(None), workspace.state()))


def show_at_login(failed: Iterable[Problem]) -> list[str]:
    """Show these problems at login. Return the lines for the journal.

    Writes only what has changed: the step `alerts` calls this every hour.
    """
    found = {problem.id: problem for problem in failed}
    before, kept = _known(), paths.state_dir() / "watch.json"
    lines = [
        console.visible_line(f"{WARNING}{problem.label}: {problem.text}")
        for problem in found.values()
        if problem.id not in before
    ]
    lines += [console.visible_line(f"{NOTICE}{label}: OK again.") for key, label in before.items() if key not in found]
    if found:
        _replace(MOTD, _notice(found.values()).encode())
    else:
        MOTD.unlink(missing_ok=True)
    labels = {problem.id: problem.label for problem in found.values()}
    _replace(kept, json.dumps({"version": VERSION, "failed": labels}).encode())
    return lines


def _replace(path: Path, content: bytes) -> None:
    if files.read(path) != content:
        files.make_folders(path.parent)
        files.replace(path, content)


def refresh_if_shown() -> None:
    """Check again after a run: what it has fixed is not shown at the next login."""
    if MOTD.exists():
        refresh()


def problems(planner: Planner, state: State) -> list[Problem]:
    """Return the failed checks of the steps that are done."""
    found: list[Problem] = []
    for instance in done_instances(planner, state):
        health = inspect(planner, instance)
        if health.error:
            # A repository, for instance, may be out of reach for a minute.
            text = console.visible_line(health.error.sentence)
            found.append(Problem(instance.label, instance.title, text, beyond=True))
        else:
            found += [problem_of(instance, check) for check in health.failed]
    return found


def done_instances(planner: Planner, state: State) -> Iterator[StepInstance]:
    """Yield the steps that are done."""
    for instance in planner.all_instances():
        entry = state.entry(instance.step.name, instance.site)
        if entry is not None and entry.result == "done":
            yield instance


def problem_of(instance: StepInstance, check: Check) -> Problem:
    """Return a check of a step as a problem."""
    return problem_from(check_key(instance, check), instance.title, check)


def problem_from(key: str, label: str, check: Check, *, beyond: bool = False) -> Problem:
    """Return a failed check as a problem, with the label of what it belongs to.

    An app or a server may have written part of it, with secrets: problems are stored, and sent to other servers.
    """
    text = f"{check.detail}. {check.advice}" if check.fix else f"{check.detail}."
    name, text = (console.visible_line(one) for one in (f"{label}, {check.name}", text))
    return Problem(key, name, text, beyond or check.beyond, check.subject)


def check_key(instance: StepInstance, check: Check) -> str:
    """Return what identifies a check of a step."""
    parts = (instance.site or "", instance.step.name, check.id, check.subject)
    return "/".join(filter(None, parts))


def _notice(found: Iterable[Problem]) -> str:
    # An app or a router may have written part of it, and a terminal shows this as it is.
    lines = [console.visible_line(f"  {problem.label}: {problem.text}") for problem in found]
    count = "1 check failed" if len(lines) == 1 else f"{len(lines)} checks failed"
    return "\n".join((f"piwizard: {count}. Run `piwizard doctor`.", *lines, ""))


def _known() -> dict[str, str]:
    """Return id → label of what had failed. Version 1 has no ids: all that fails is new then."""
    try:
        known = json.loads(files.read(paths.state_dir() / "watch.json") or b"{}")
    except ValueError:
        return {}
    failed = known.get("failed") if isinstance(known, dict) else None
    if not isinstance(failed, dict):
        return {}
    return {key: label for key, label in failed.items() if isinstance(label, str)}
