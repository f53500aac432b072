"""Define the events of a run: one JSON object a line in events.jsonl.

A reader ignores events that it does not know and fields that it does not expect, so each version reads what other
versions wrote.
"""

# Without `from __future__ import annotations`: with it, a TypedDict cannot tell which of its keys are required.
import json
from datetime import UTC, datetime
from typing import Literal, NotRequired, TypedDict, cast

OUTPUT_MARK = b'"event": "output"'
OUTPUT_MARK_WITHIN = 150
"""Bytes of a line that are searched for the mark: only `at` and `run` come before it."""

Steps = tuple[tuple[str, str | None], ...]
"""Pairs of step and site."""


class Line(TypedDict):
    """The fields that the recorder adds: an ISO time in UTC, and the run's name."""

    at: NotRequired[str]
    run: NotRequired[str]


class ApplyStarted(Line):
    """A run began.

    `action` is apply or undo; a line of JSON has the steps as lists of two.
    """

    event: Literal["apply-started"]
    action: str
    steps: Steps


class ApplyFinished(Line):
    """A run ended: done, failed, or stopped."""

    event: Literal["apply-finished"]
    result: str
    seconds: float


class PlannedChange(TypedDict):
    """One change of a plan: its description, and its kind."""

    change: str
    kind: str


class RunStarted(Line):
    """The run began with one step. `title` is its title with the site."""

    event: Literal["run-started"]
    step: str
    site: str | None
    title: NotRequired[str]
    plan: list[PlannedChange]
    undo: NotRequired[bool]


class RunFinished(Line):
    """The run ended with one step: done, failed, stopped or running.

    It is running if a background job continues it.
    """

    event: Literal["run-finished"]
    step: str
    site: str | None
    result: str
    seconds: float
    summary: str


class ChangeEvent(Line):
    """A change is about to be applied or undone, was already in sync, or is done.

    `number` counts from 1 in a step.
    """

    event: Literal["change-started", "change-skipped", "change-finished"]
    change: str
    kind: str
    number: NotRequired[int]


class CommandStarted(Line):
    """A command began. `id` is its number within the step, `user` who runs it."""

    event: Literal["command-started"]
    argv: list[str]
    id: int
    user: NotRequired[str]


class CommandFinished(Line):
    """A command ended.

    `allowed`: its exit code is not 0, but one that the change expects.
    """

    event: Literal["command-finished"]
    id: int
    exit: int
    seconds: float
    allowed: NotRequired[bool]


class Output(Line):
    """A command printed a line on `stream`: stdout or stderr."""

    event: Literal["output"]
    id: int
    stream: str
    text: str


class PassedOver(Line):
    """A reader skipped this many lines of output. It is not in the run log."""

    event: Literal["passed-over"]
    lines: int


class FileWritten(Line):
    """A file was written.

    `backup`: where the version before is kept, if it was not piwizard's.
    """

    event: Literal["file-written"]
    path: str
    backup: str | None
    sha256: str


class PathAltered(Line):
    """Something other than the content of a file was altered."""

    event: Literal["path-altered"]
    path: str
    did: str


class Note(Line):
    """A line for the user. "progress" was written by an earlier version."""

    event: Literal["note", "progress"]
    text: str


class CheckDone(Line):
    """A check was made: `id` is the same whatever its name says.

    Only a rehearsal names the step.
    """

    event: Literal["check"]
    name: str
    ok: bool
    detail: str
    id: NotRequired[str]
    step: NotRequired[str]


class ErrorRaised(Line):
    """An error: its message, the answer that caused it (`key`) and a `hint`.

    `reason` is the message without file and key.
    """

    event: Literal["error"]
    message: str
    reason: NotRequired[str]
    key: NotRequired[str | None]
    hint: NotRequired[str | None]


class Traceback(Line):
    """The details of an unforeseen error."""

    event: Literal["traceback"]
    text: str


class BackgroundStarted(Line):
    """An earlier version started a second run for a step that takes hours."""

    event: Literal["background-started"]
    steps: Steps
    started: str


Event = (
    ApplyStarted | ApplyFinished | RunStarted | RunFinished | ChangeEvent | CommandStarted | CommandFinished | Output
    | PassedOver | FileWritten | PathAltered | Note | CheckDone | ErrorRaised | Traceback | BackgroundStarted
)  # fmt: skip

REQUIRED: dict[str, frozenset[str]] = {
    "apply-started": ApplyStarted.__required_keys__,
    "apply-finished": ApplyFinished.__required_keys__,
    "run-started": RunStarted.__required_keys__,
    "run-finished": RunFinished.__required_keys__,
    "change-started": ChangeEvent.__required_keys__,
    "change-skipped": ChangeEvent.__required_keys__,
    "change-finished": ChangeEvent.__required_keys__,
    "command-started": CommandStarted.__required_keys__,
    "command-finished": CommandFinished.__required_keys__,
    "output": Output.__required_keys__,
    "file-written": FileWritten.__required_keys__,
    "path-altered": PathAltered.__required_keys__,
    "note": Note.__required_keys__,
    "progress": Note.__required_keys__,
    "check": CheckDone.__required_keys__,
    "error": ErrorRaised.__required_keys__,
    "traceback": Traceback.__required_keys__,
    "background-started": BackgroundStarted.__required_keys__,
}
"""The fields that readers rely on, by the name of the event."""


def now() -> str:
    """Return the time in ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_output(line: bytes) -> bool:
    """Check whether a line is output of a command, without decoding it."""
    return OUTPUT_MARK in line[:OUTPUT_MARK_WITHIN]


def decode(line: bytes | str) -> Event | None:
    """Return the event of a line; None if the line is torn or incomplete.

    A power cut tears lines. Incomplete events lack a field that readers need. Unknown events are returned as they are:
    no reader acts on them.
    """
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(name := found.get("event"), str):
        return None
    return cast(Event, found) if REQUIRED.get(name, frozenset()) <= found.keys() else None
