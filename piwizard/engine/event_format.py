"""Events as lines that a person reads."""

from __future__ import annotations

import shlex

from piwizard.engine.events import Event, FileWritten
from piwizard.system import printable

HINT = "     "


def line(event: Event) -> str | None:
    """One event as text; None for those that say nothing to a person. See `lines`."""
    found = lines(event)
    return "\n".join(found) if found else None


def lines(event: Event) -> list[str]:
    """The lines of one event, none for those that say nothing to a person.

    All that comes from outside is visible in them, and begins no line of its own but in errors, where it is indented.
    """
    match event["event"]:
        case "output":
            return [f"     {printable.terminal_line(event['text'])}"]
        case "run-started":
            verb = "Undo " if event.get("undo") else ""
            of = f" of {event['site']}" if event["site"] else ""
            return ["", printable.line(f"== {verb}{event['step']}{of}")]
        case "background-started":
            return ["", printable.line(f"== {event['steps'][0][0]} continued in the run {event['started']}")]
        case "error":
            hint = printable.lines(f"{HINT}{event['hint']}", HINT) if event.get("hint") else []
            return [*printable.lines(f"   ! {event['message']}", HINT), *hint]
    words = _words(event)
    return [] if words is None else [printable.line(words)]


def _words(event: Event) -> str | None:
    match event["event"]:
        case "change-started":
            return f"-- {event['change']}"
        case "change-skipped":
            return f"   already so: {event['change']}"
        case "command-started":
            return f"   $ {shlex.join(event['argv'])}"
        case "command-finished" if event["exit"] != 0:
            return f"     (exit code {event['exit']} after {event['seconds']:.1f} s)"
        case "file-written":
            return f"   {written(event)}"
        case "path-altered":
            return f"   {event['path']}: {event['did']}"
        case "note" | "progress":
            return f"   {event['text']}"
        case "check":
            return f"   {'ok ' if event['ok'] else 'NOT'} {event['name']}: {event['detail']}"
        case "run-finished" if event["result"] == "running":
            return f"   {event['summary']}"
        case "run-finished":
            return f"   {event['result']} in {event['seconds']:.1f} s: {event['summary']}"
    return None


def written(event: FileWritten) -> str:
    """What was written, and where the version before is kept, if there was one of somebody else."""
    kept = f" (the version before is kept as {event['backup']})" if event["backup"] else ""
    return f"wrote {event['path']}{kept}"
