"""Events as lines that a person reads."""

from __future__ import annotations

import shlex

from piwizard.engine.events import Event


def line(event: Event) -> str | None:
    """One event as text; None for those that say nothing to a person. Nothing in it moves a terminal's cursor."""
    text = _words(event)
    return None if text is None else "\n".join(printable(part) for part in text.split("\n"))


def _words(event: Event) -> str | None:
    match event["event"]:
        case "run-started" | "background-started":
            return _beginning(event)
        case "change-started":
            return f"-- {event['change']}"
        case "change-skipped":
            return f"   already so: {event['change']}"
        case "command-started":
            return f"   $ {shlex.join(event['argv'])}"
        case "output":
            return f"     {_last_state(event['text'])}"
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
        case "error":
            return "\n".join(["   ! " + event["message"], *(["     " + event["hint"]] if event.get("hint") else [])])
        case "run-finished":
            return f"   {event['result']} in {event['seconds']:.1f} s: {event.get('summary', '')}"
    return None


def written(event: Event) -> str:
    """What was written, and where the version before is kept, if there was one of somebody else."""
    kept = f" (the version before is kept as {event['backup']})" if event.get("backup") else ""
    return f"wrote {event['path']}{kept}"


def _beginning(event: Event) -> str:
    if event["event"] == "background-started":
        step = event["steps"][0][0]
        return f"\n== {step} goes on in the background: `piwizard logs {step} -f` shows it"
    verb = "Undo " if event.get("undo") else ""
    of = f" of {event['site']}" if event.get("site") else ""
    return f"\n== {verb}{event['step']}{of}"


def printable(text: str) -> str:
    """A line without what would move a terminal's cursor or colour it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else "" for char in _without_escapes(_last_state(text)))


def _last_state(text: str) -> str:
    """A line as a terminal shows it in the end, where a program writes over it again and again."""
    return text.rstrip("\r").rsplit("\r", 1)[-1]


def _without_escapes(text: str) -> str:
    import re

    return re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])", "", text)
