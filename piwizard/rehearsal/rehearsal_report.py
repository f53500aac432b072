"""Print a rehearsal: the log as it runs, and a table of checks at the end."""

from __future__ import annotations

import json
from dataclasses import asdict

from piwizard.engine import event_format, run_log
from piwizard.engine.events import ErrorRaised, Event, decode
from piwizard.system import console
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class CheckRow:
    """One check of a step in the clone."""

    step: str
    name: str
    ok: bool
    detail: str


class RehearsalReport:
    """The report of a rehearsal, from the lines that `piwizard apply --json` prints.

    `same_here` says how to do the same on this machine.
    """

    def __init__(self, *, as_json: bool, same_here: str) -> None:
        self._as_json = as_json
        self._same_here = same_here
        self._step = ""
        self.checks: list[CheckRow] = []

    def take(self, stream: str, text: str) -> None:
        """Take one line from the clone."""
        if stream == "stderr":
            console.warn(text)
            return
        self.add(decode_line(stream, text))

    def add(self, event: Event) -> None:
        """Add one event, of the run in the clone or of the rehearsal itself."""
        if event["event"] == "run-started":
            self._step = event["step"]
        if event["event"] == "check":
            self.checks.append(CheckRow(event.get("step", self._step), event["name"], event["ok"], event["detail"]))
        if self._as_json:
            console.say_json(event, but=run_log.PLAIN)
        else:
            console.say(*event_format.lines(event))

    def say(self, text: str) -> None:
        """Add one line about the rehearsal itself."""
        self.add({"event": "note", "text": text})

    def finish(self, *, ok: bool, address: str | None) -> None:
        """Print the table of checks and the result."""
        if self._as_json:
            checks = [asdict(check) for check in self.checks]
            finished = {"event": "rehearsal-finished", "ok": ok, "address": address, "checks": checks}
            console.say_json(finished, but=run_log.PLAIN)
            return
        console.say("", "== Checks in the clone", "")
        wide = [max((len(getattr(check, field)) for check in self.checks), default=0) for field in ("step", "name")]
        for check in self.checks:
            mark = "ok " if check.ok else "NOT"
            console.say(f"   {mark}  {check.step:{wide[0]}}  {check.name:{wide[1]}}  {check.detail}".rstrip())
        failed = sum(not check.ok for check in self.checks)
        if ok:
            console.say("", f"All {len(self.checks)} checks passed. {self._same_here}")
        else:
            result = f"{failed} of {len(self.checks)} checks failed." if failed else "The rehearsal did not finish."
            console.say("", f"{result} Use --shell to inspect the clone afterwards.")


def decode_line(stream: str, text: str) -> Event:
    """Return the event that a line is; other lines are output."""
    return decode(text) or _error(text) or {"event": "output", "id": 0, "stream": stream, "text": text}


def _error(text: str) -> ErrorRaised | None:
    """Return the error that a command printed with --json instead of events."""
    try:
        error = json.loads(text)["error"]
        return {"event": "error", "message": error["message"], "key": error["key"], "hint": error["hint"]}
    except (ValueError, TypeError, KeyError):
        return None
