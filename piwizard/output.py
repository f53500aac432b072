"""What the commands print: text for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from piwizard import errors
from piwizard.engine import narrate
from piwizard.errors import PiwizardError
from piwizard.machine import files, places

if TYPE_CHECKING:
    from piwizard.engine.events import Event
    from piwizard.previewing import Previewed
    from piwizard.status import Status
    from piwizard.wizard import Place

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
    print(json.dumps(value, ensure_ascii=not _unicode()), flush=True)


def error(problem: PiwizardError, *, as_json: bool) -> None:
    """An error in one or two lines on stderr, or as JSON on stdout."""
    if as_json:
        dump(problem.as_json())
        return
    _print(f"piwizard: {problem.message}", sys.stderr)
    if problem.hint:
        _print(f"  {problem.hint}", sys.stderr)


def unforeseen(problem: Exception) -> PiwizardError:
    """The error for a person where piwizard itself is at fault; the traceback is kept beside the runs' records."""
    path = places.logs_dir() / "unforeseen.txt"
    try:
        files.make_folders(path.parent)
        files.replace(path, "".join(traceback.format_exception(problem)).encode("utf-8", "replace"), mode=0o600)
    except OSError as error:
        return PiwizardError(errors.unforeseen(problem), hint=f"The details could not be kept: {error.strerror}.")
    return PiwizardError(errors.unforeseen(problem), hint=f"The details are in {path}.")


def _unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().startswith("utf")


def _print(text: str, file: TextIO | None = None) -> None:
    """Lines as the terminal can show them, without what would move its cursor."""
    file = file or sys.stdout
    encoding = file.encoding or "ascii"
    shown = "\n".join(narrate.printable(line) for line in text.split("\n"))
    print(shown.encode(encoding, "replace").decode(encoding), file=file, flush=True)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def sign(state: str) -> str:
    """The sign of a state, in ASCII where the terminal's encoding has no other."""
    return (SIGNS if _unicode() else ASCII_SIGNS)[state]


def warn(text: str) -> None:
    """Something that a person should know and that is no error; on stderr, so that JSON stays JSON."""
    if text:
        _print(f"piwizard: {text}", sys.stderr)


def show_status(found: Iterable[Status]) -> None:
    """One line a step."""
    for one in found:
        site = f" ({one.place.site})" if one.place.site else ""
        _print(f"{sign(one.state)} {one.place.step.title + site:28} {one.state:12} {_one_line(one.summary)}".rstrip())


def plan_json(place: Place, changes: Sequence[Previewed]) -> dict[str, Any]:
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
        "warnings": [words for one in changes for words in one.preview.warnings],
    }


def show_plan(place: Place, changes: list[Previewed]) -> None:
    """Diffs and commands of one step."""
    wanted = [one for one in changes if not one.preview.holds]
    print(f"== {place.label}: {len(wanted)} of {len(changes)} changes needed")
    for one in wanted:
        edited = "  (edited by hand since piwizard wrote it)" if one.preview.edited else ""
        _print(f"-- {one.change.describe()}{edited}")
        for argv in one.preview.argv:
            _print(f"   $ {shlex.join(argv)}")
        for line in one.preview.diff.splitlines():
            _print(f"   {line}")
    for one in changes:
        for words in one.preview.warnings if one.preview.holds or one.change.kind == "setup" else ():
            _print(f"!! {words}")
    print()


def show_event(event: Event, *, as_json: bool) -> None:
    """One event, as a line."""
    if as_json:
        dump(event)
        return
    line = narrate.line(event)
    if line is not None:
        _print(line)
