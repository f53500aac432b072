"""What the commands print: text for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
import sys
import traceback
from collections.abc import Iterable
from typing import Any

from piwizard.engine import narrate
from piwizard.engine.events import Event
from piwizard.errors import PiwizardError
from piwizard.machine import places
from piwizard.status import Status
from piwizard.wizard import Place, Previewed

SIGNS = {
    "todo": "○",
    "running": "●",
    "done": "✓",
    "drifted": "≠",
    "failed": "✗",
    "interrupted": "!",
    "skipped": "–",
}
ASCII_SIGNS = {
    "todo": ".",
    "running": "*",
    "done": "+",
    "drifted": "~",
    "failed": "x",
    "interrupted": "!",
    "skipped": "-",
}


def dump(value: object) -> None:
    """One JSON value on a line of its own."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def error(problem: PiwizardError, *, as_json: bool) -> None:
    """An error in one or two lines on stderr, or as JSON on stdout."""
    if as_json:
        dump(problem.as_json())
        return
    print(f"piwizard: {problem.message}", file=sys.stderr)
    if problem.hint:
        print(f"  {problem.hint}", file=sys.stderr)


def unforeseen(problem: Exception) -> PiwizardError:
    """The error for a person where piwizard itself is at fault; the traceback is kept beside the runs' records."""
    path = places.logs_dir() / "unforeseen.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(traceback.format_exception(problem)))
    return PiwizardError(f"Something unforeseen happened: {problem}", hint=f"The details are in {path}.")


def sign(state: str) -> str:
    """The sign of a state, in ASCII where the terminal's encoding has no other."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    return (SIGNS if encoding.startswith("utf") else ASCII_SIGNS)[state]


def show_status(found: Iterable[Status], trouble: str) -> None:
    """One line a step."""
    if trouble:
        print(trouble)
    for one in found:
        site = f" ({one.place.site})" if one.place.site else ""
        print(f"{sign(one.state)} {one.place.step.title + site:28} {one.state:12} {one.summary}".rstrip())


def plan_json(place: Place, changes: Iterable[Previewed]) -> dict[str, Any]:
    """A step's plan: only what would be done."""
    return {
        "step": place.step.name,
        "site": place.site,
        "changes": [
            {
                "change": one.change.describe(),
                "kind": one.change.kind,
                "diff": one.preview.diff or None,
                "argv": [list(argv) for argv in one.preview.argv],
                "edited": one.preview.edited,
            }
            for one in changes
            if not one.preview.holds
        ],
    }


def show_plan(place: Place, changes: list[Previewed]) -> None:
    """Diffs and commands of one step."""
    wanted = [one for one in changes if not one.preview.holds]
    print(f"== {place.label}: {len(wanted)} of {len(changes)} changes needed")
    for one in wanted:
        edited = "  (edited by hand since piwizard wrote it)" if one.preview.edited else ""
        print(f"-- {one.change.describe()}{edited}")
        for argv in one.preview.argv:
            print(f"   $ {shlex.join(argv)}")
        for line in one.preview.diff.splitlines():
            print(f"   {line}")
    print()


def show_event(event: Event, *, as_json: bool) -> None:
    """One event, as a line."""
    if as_json:
        dump(event)
        return
    line = narrate.line(event)
    if line is not None:
        encoding = sys.stdout.encoding or "ascii"
        print(line.encode(encoding, "replace").decode(encoding), flush=True)
