"""Keep in memory since when the heartbeat service has accepted nothing.

A service that has gone, or forgotten this Pi, would let it die unnoticed. /run forgets at a restart, and wears out no
card.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.alerts.problem_log import Observation
from piwizard.system import files, paths

KEY = "heartbeat-accepted"
MAX_SECONDS = 6 * 3600.0
"""A heartbeat service may be down for some hours; it is a problem after this time."""


def note_ping(*, accepted: bool) -> None:
    """Record whether the service has accepted a request."""
    record = _file("heartbeat.json")
    if accepted:
        record.unlink(missing_ok=True)
    elif not record.exists():
        files.make_folders(record.parent)
        files.replace(record, json.dumps({"since": _since_start()}).encode(), mode=0o600)


def heartbeat_problems() -> list[Observation]:
    """Return the problem that the service has accepted nothing for hours, if so."""
    try:
        since = float(json.loads(files.read(_file("heartbeat.json")) or b"")["since"])
    except (ValueError, TypeError, KeyError):
        return []
    if _since_start() - since < MAX_SECONDS:
        return []
    text = "The heartbeat service has accepted no request for hours, so it would not notice a Pi that is gone."
    hint = "Copy the URL of your monitoring service to alerts.heartbeat again, or remove it, then run `piwizard apply`."
    return [Observation(KEY, "Heartbeat accepted", text, hint)]


def new_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines that the check before did not have.

    Each line of the journal is written to the card.
    """
    known = files.read(_file("alerts-said.json"))
    try:
        before = json.loads(known or b"[]")
    except ValueError:
        before = []
    now = json.dumps(list(lines)).encode()
    if now != (known or b"[]"):
        files.make_folders(_file("alerts-said.json").parent)
        files.replace(_file("alerts-said.json"), now, mode=0o600)
    return [one for one in lines if one not in before]


def _since_start() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _file(name: str) -> Path:
    return paths.lock_file().with_name(name)
