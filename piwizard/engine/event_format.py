"""Format events as lines of text."""

from __future__ import annotations

import shlex

from piwizard.engine.events import Event, FileWritten, RunStarted
from piwizard.system import printable

HINT = "     "


def line(event: Event) -> str | None:
    """Return one event as text; None if it has no text. See `lines`."""
    found = lines(event)
    return "\n".join(found) if found else None


def lines(event: Event) -> list[str]:
    """Return the lines of one event; none if it has no text.

    Text from outside is made visible in them. It starts no line of its own, except in errors, where it is indented.
    """
    match event["event"]:
        case "output":
            return [f"     {printable.terminal_line(event['text'])}"]
        case "run-started":
            return ["", printable.line(f"== {heading(event)}")]
        case "background-started":
            return ["", printable.line(f"== {event['steps'][0][0]} continued in the run {event['started']}")]
        case "error":
            hint = printable.lines(f"{HINT}{event['hint']}", HINT) if event.get("hint") else []
            return [*printable.lines(f"   ! {event['message']}", HINT), *hint]
    text = _text(event)
    return [] if text is None else [printable.line(text)]


def _text(event: Event) -> str | None:
    match event["event"]:
        case "change-started":
            return f"-- {event['change']}"
        case "change-skipped":
            return f"   no change: {event['change']}"
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


def heading(event: RunStarted) -> str:
    """Return what a step of a run is called.

    The log of an earlier version has no title.
    """
    name = f"{event['step']} ({event['site']})" if event["site"] else event["step"]
    return f"{'Undo ' if event.get('undo') else ''}{event.get('title') or name}"


def written(event: FileWritten) -> str:
    """Return which file was written, and where its former version is kept."""
    kept = f" (the previous version is kept as {event['backup']})" if event["backup"] else ""
    return f"wrote {event['path']}{kept}"
