"""Keep the problems, the messages that wait to be sent, and the last messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any

from piwizard.alerts.event import alerts_dir
from piwizard.alerts.problem_log import Message, ProblemLog, TrackedProblem
from piwizard.alerts.sending import Notification
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

VERSION = 1
"""The version of alerts.json."""
MAX_UNSENT, MAX_RECENT = 50, 30
KEEP_UNSENT_SECONDS = 7 * 86400.0


@dataclass(frozen=True)
class Unsent:
    """A notification that some addresses have not accepted yet, by their ids."""

    notification: Notification
    at: float
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class AlertState:
    """The content of alerts.json. `recent` are the last messages, the newest last."""

    log: ProblemLog = field(default_factory=ProblemLog)
    unsent: tuple[Unsent, ...] = ()
    recent: tuple[Message, ...] = ()
    boot: str = ""
    """The kernel's id of the start during which this was written."""

    def with_message(
        self, messages: list[Message], notification: Notification, now: float, to: tuple[str, ...]
    ) -> AlertState:
        """Return the state with a notification that is to be sent."""
        unsent = (*self.unsent, Unsent(notification, now, to))[-MAX_UNSENT:]
        return replace(self, unsent=unsent, recent=(*self.recent, *messages)[-MAX_RECENT:])


def state_file() -> Path:
    """Return the file; only root can read it."""
    return alerts_dir() / "alerts.json"


def load() -> AlertState:
    """Return what is remembered; nothing if the file is damaged.

    Then open problems cause another message.
    """
    content = files.read(_substitute()) or files.read(state_file())
    if content is None:
        return AlertState()
    try:
        whole = json.loads(content)
        files.refuse_newer_format(state_file(), whole, VERSION)
        return _decoded(whole)
    except (ValueError, TypeError, KeyError, AttributeError):
        return AlertState()


def save(state: AlertState, before: AlertState | None = None) -> bool:
    """Write the state if it differs from `before`. Return whether it was written.

    On a card that is full or read-only, which is worth an alert, it is kept in memory instead.
    """
    if state == before:
        return False
    content = json.dumps({"version": VERSION} | asdict(state)).encode()
    try:
        files.make_folders(alerts_dir(), 0o700)
        files.replace(state_file(), content, mode=0o600)
    except OSError:
        files.make_folders(_substitute().parent)
        files.replace(_substitute(), content, mode=0o600)
    else:
        _substitute().unlink(missing_ok=True)
    return True


def _substitute() -> Path:
    """Return the file in /run that replaces the one on the card."""
    return paths.lock_file().with_name("alerts.json")


def _decoded(whole: Mapping[str, Any]) -> AlertState:
    log = whole["log"]
    problems = {
        str(key): TrackedProblem(**{**one, "changes": tuple(map(float, one["changes"]))})
        for key, one in log["problems"].items()
        if one["changes"]
    }
    unsent = tuple(
        Unsent(Notification(**one["notification"]), float(one["at"]), tuple(map(str, one["addresses"])))
        for one in whole["unsent"]
    )
    waiting, recent = (tuple(Message(**one) for one in group) for group in (log["waiting"], whole["recent"]))
    return AlertState(ProblemLog(problems, waiting), unsent, recent, str(whole["boot"]))
