"""Decide when to send a message: one for each problem and one for its end.

A problem that flaps causes no more of them, and quiet hours hold them back.

Pure: takes what was observed and the time, and returns the new records and the messages. Records change only if
something happened, so that a quiet day writes nothing to the card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Literal

from piwizard.alerts.event import Event
from piwizard.system.lazy_dataclass import dataclass

FLAP_SECONDS = 2 * 3600.0
"""A problem that comes back within this time counts as flapping after MAX_NOTIFIED failures."""
MAX_NOTIFIED = 2
"""Failures within FLAP_SECONDS that cause a message; the next one is reported as flapping, and then no more."""
MAX_RECENT = 8
"""Changes that are remembered of one problem."""
MAX_OPEN = 100
"""Problems that are remembered; more at once are one problem for a person anyway."""
MAX_WAITING = 50
"""Notices that are held back in quiet hours."""
Kind = Literal["failed", "recovered", "flapping", "notice"]


@dataclass(frozen=True)
class Observation:
    """A problem that exists now.

    `key` stays the same, `label` and `text` are for a person.
    """

    key: str
    label: str
    text: str
    hint: str = ""


@dataclass(frozen=True)
class TrackedProblem:
    """A problem that exists, or that existed a short time ago.

    `changes` are the times at which it failed and recovered in turn; the last one began the present state.
    `notified`: a message was sent about it.
    """

    label: str
    text: str
    hint: str
    open: bool
    changes: tuple[float, ...]
    notified: bool = False
    flapping: bool = False
    reported: bool = False
    """It came from `report`, which will also say when it is over."""

    @property
    def since(self) -> float:
        """Return when the present state began."""
        return self.changes[-1]


@dataclass(frozen=True)
class Message:
    """Something to tell a person."""

    kind: Kind
    key: str
    label: str
    text: str
    hint: str
    at: float


@dataclass(frozen=True)
class ProblemLog:
    """All problems by key, and the notices that quiet hours hold back."""

    problems: Mapping[str, TrackedProblem] = field(default_factory=dict)
    waiting: tuple[Message, ...] = ()

    @property
    def open(self) -> dict[str, TrackedProblem]:
        """Return the problems that exist now."""
        return {key: one for key, one in self.problems.items() if one.open}


def advance(
    log: ProblemLog, observed: Iterable[Observation], events: Iterable[Event], now: float, *, quiet: bool
) -> tuple[ProblemLog, list[Message]]:
    """Take in what exists now and what was reported.

    Return the new log, and the messages to send now.
    """
    problems = dict(log.problems)
    waiting = list(log.waiting)
    for event in events:
        if event.state == "notice":
            text = Message("notice", event.key, event.title, event.text, event.hint, event.at or now)
            waiting = [*waiting, text][-MAX_WAITING:]
        elif event.state == "failed":
            seen = Observation(event.key, event.title, event.text, event.hint)
            problems[event.key] = replace(_failed(problems.get(event.key), seen, now), reported=True)
        elif event.key in problems and problems[event.key].open:
            problems[event.key] = replace(_recovered(problems[event.key], now), label=event.title, text=event.text)
    there = {one.key: one for one in observed}
    for key, seen in there.items():
        problems[key] = _failed(problems.get(key), seen, now)
    for key, problem in list(problems.items()):
        if problem.open and key not in there and not problem.reported:
            problems[key] = _recovered(problem, now)
    problems = dict(list(problems.items())[:MAX_OPEN])
    messages: list[Message] = []
    if not quiet:
        messages, waiting = waiting, []
        for key, problem in list(problems.items()):
            problems[key], found = _messages_about(key, problem, now)
            messages += found
    kept = {key: one for key, one in problems.items() if one.open or not _forgotten(one, now)}
    return ProblemLog(kept, tuple(waiting)), messages


def _failed(before: TrackedProblem | None, seen: Observation, now: float) -> TrackedProblem:
    if before is None:
        return TrackedProblem(seen.label, seen.text, seen.hint, open=True, changes=(now,))
    if before.open:
        return before  # the first text stays: it was in the message
    changes = (*before.changes, now)[-MAX_RECENT:]
    return replace(before, label=seen.label, text=seen.text, hint=seen.hint, open=True, changes=changes)


def _recovered(before: TrackedProblem, now: float) -> TrackedProblem:
    return replace(before, open=False, changes=(*before.changes, now)[-MAX_RECENT:], reported=False)


def _failures(problem: TrackedProblem, now: float) -> int:
    """Return how often it began within the last time; failures and recoveries alternate."""
    own = problem.changes[-1::-2] if problem.open else problem.changes[-2::-2]
    return sum(1 for at in own if _passed(at, now) < FLAP_SECONDS)


def _passed(at: float, now: float) -> float:
    """Return the seconds since a time; 0 after the clock was set back."""
    return max(0.0, now - at)


def _messages_about(key: str, problem: TrackedProblem, now: float) -> tuple[TrackedProblem, list[Message]]:
    def message(kind: Kind) -> list[Message]:
        return [Message(kind, key, problem.label, problem.text, problem.hint, problem.since)]

    calm = _passed(problem.since, now) >= FLAP_SECONDS
    if problem.flapping:
        if not calm:
            return problem, []
        # The person knows that it flaps: say how that ended.
        over = replace(problem, flapping=False, notified=problem.open)
        return over, message("failed" if problem.open else "recovered")
    if problem.open and not problem.notified:
        if _failures(problem, now) > MAX_NOTIFIED:
            return replace(problem, flapping=True, notified=True), message("flapping")
        return replace(problem, notified=True), message("failed")
    if not problem.open and problem.notified:
        return replace(problem, notified=False), message("recovered")
    return problem, []


def _forgotten(problem: TrackedProblem, now: float) -> bool:
    """Return whether a problem that is over need not be remembered any longer."""
    return not problem.notified and not problem.flapping and _passed(problem.since, now) >= FLAP_SECONDS
