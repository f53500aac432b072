"""Report something that a person should know about: `report(Event(…))`.

Any part of piwizard may report. The event is stored in a folder that a systemd unit watches, and sent from there, so
that no run waits for a mail server. If the step `alerts` is not set up, nothing is stored.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Literal
from uuid import uuid4

from piwizard.system import console, files, paths, printable
from piwizard.system.lazy_dataclass import dataclass

VERSION = 1
"""The version of a stored event."""
MAX_TEXT_CHARACTERS = 1000
MAX_EVENT_BYTES = 16_384
MAX_STORED = 200
"""More events than that are dropped: a webhook flood must not fill the card."""
State = Literal["failed", "ok", "notice"]


@dataclass(frozen=True)
class Event:
    """Something that happened.

    `failed` opens a problem and causes one message; `ok` with the same `id` and `subject` closes it, with another
    message. A `notice` causes a message and leaves nothing open. `id` never changes ("deploy-failed"), `subject`
    says what it applies to, such as a site. `title` and `text` are for a person; `hint` is what to do next.
    """

    id: str
    state: State
    title: str
    text: str = ""
    hint: str = ""
    subject: str = ""
    at: float = 0.0
    """Unix time; `report` sets it."""

    @property
    def key(self) -> str:
        """Return what identifies the problem."""
        return f"{self.id}/{self.subject}" if self.subject else self.id


def alerts_dir() -> Path:
    """Return the folder for everything about alerts."""
    return paths.state_dir() / "alerts"


def events_dir() -> Path:
    """Return the folder of stored events. It exists if alerts are set up."""
    return alerts_dir() / "events"


def report(event: Event) -> bool:
    """Store an event to be sent. Return whether it was: not if alerts are not set up.

    The text may come from outside: it is made visible and cut, and known secrets are hidden.
    """
    folder = events_dir()
    if not folder.is_dir() or sum(1 for _ in folder.iterdir()) >= MAX_STORED:
        return False
    at = event.at or time.time()
    whole = asdict(event) | {"version": VERSION, "at": at}
    for name in ("title", "text", "hint", "subject"):
        whole[name] = printable.line(console.without_secrets(whole[name]), MAX_TEXT_CHARACTERS)
    # The name sorts by nanoseconds: a deploy that failed and then succeeded is read in this order.
    files.replace(folder / f"{int(at * 1e9):020}-{uuid4().hex[:8]}.json", json.dumps(whole).encode(), mode=0o600)
    return True


def stored_events() -> list[tuple[Path, Event | None]]:
    """Return the stored events, the oldest first; None where a file is damaged."""
    found = sorted(path for path in events_dir().glob("*.json"))
    return [(path, _decoded(path)) for path in found]


def _decoded(path: Path) -> Event | None:
    content = files.read(path) or b""
    try:
        whole = json.loads(content[:MAX_EVENT_BYTES])
        files.refuse_newer_format(path, whole, VERSION)
        whole.pop("version")
        if whole["state"] not in ("failed", "ok", "notice"):
            return None
        return Event(**whole)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
