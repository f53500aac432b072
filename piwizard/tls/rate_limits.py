"""Record requests to Let's Encrypt, so that retries never reach its rate limits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

HOUR, WEEK, KEPT = timedelta(hours=1), timedelta(days=7), timedelta(days=31)
VERSION = 1
"""Not written in the file; a file of another version has it."""
MAX_FAILURES_PER_HOUR = 5
"""Failed validations of a domain."""
MAX_ISSUED_PER_WEEK = 5
"""Certificates for exactly the same domains."""


@dataclass(frozen=True)
class Attempt:
    """A request.

    `result` is "issued", "refused", or "asked" if it was interrupted before an answer.
    """

    at: str
    server: str
    names: tuple[str, ...]
    result: str = "asked"
    failed: tuple[str, ...] = ()
    retry_at: str | None = None

    @property
    def when(self) -> datetime:
        """Return the time of the request."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Wait:
    """The time before which no request may be sent, and the reason."""

    until: datetime
    reason: str


class Attempts:
    """The requests of all sites, in a file. A file that cannot be read is renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait(self, server: str, names: Iterable[str], now: datetime) -> Wait | None:
        """Return how long to wait before a request for these domains, if at all."""
        wanted = set(names)
        same = [one for one in self.read_all() if one.server == server]
        waits = [*_waits_from_server(same, wanted), *_waits_after_failures(same, wanted, now)]
        waits += _waits_after_issues(same, wanted, now)
        waits = [one for one in waits if one.until > now]
        return max(waits, key=lambda one: one.until, default=None)

    def begin(self, server: str, names: Sequence[str], now: datetime) -> Attempt:
        """Record a request before it is sent."""
        attempt = Attempt(now.isoformat(timespec="seconds"), server, tuple(names))
        self._write([*(one for one in self.read_all() if now - one.when < KEPT), attempt])
        return attempt

    def end(self, begun: Attempt, result: str, failed: Sequence[str] = (), retry_at: datetime | None = None) -> None:
        """Record the result of a request."""
        until = retry_at.isoformat(timespec="seconds") if retry_at else None
        attempts = self.read_all()
        at = len(attempts) - 1 - attempts[::-1].index(begun)
        attempts[at] = replace(begun, result=result, failed=tuple(failed), retry_at=until)
        self._write(attempts)

    def read_all(self) -> list[Attempt]:
        """Return all recorded requests, oldest first."""
        content = files.read(self._path)
        if content is None:
            return []
        try:
            whole = json.loads(content)
            files.refuse_newer_format(self._path, whole, VERSION)
            return [_decode(entry) for entry in whole]
        except (ValueError, TypeError, KeyError):
            self._path.rename(self._path.with_suffix(".unreadable"))
            return []

    def _write(self, attempts: list[Attempt]) -> None:
        files.make_folders(self._path.parent)
        files.replace(self._path, json.dumps([asdict(one) for one in attempts], indent=1).encode(), mode=0o600)


def _decode(entry: dict[str, object]) -> Attempt:
    names, failed = entry["names"], entry.get("failed", [])
    if not isinstance(names, list) or not isinstance(failed, list):
        raise TypeError("not a list of names")
    retry = entry.get("retry_at")
    made = Attempt(
        str(entry["at"]),
        str(entry["server"]),
        tuple(names),
        str(entry["result"]),
        tuple(failed),
        str(retry) if retry else None,
    )
    for moment in (made.at, made.retry_at):
        if moment and datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError("a time without a time zone")
    return made


def _waits_from_server(attempts: list[Attempt], wanted: set[str]) -> Iterable[Wait]:
    for one in attempts:
        if one.retry_at and wanted & set(one.names):
            yield Wait(datetime.fromisoformat(one.retry_at), "its last answer said so")


def _waits_after_failures(attempts: list[Attempt], wanted: set[str], now: datetime) -> Iterable[Wait]:
    for name in sorted(wanted):
        times = [one.when for one in attempts if name in (one.names if one.result == "asked" else one.failed)]
        recent = sorted(time for time in times if abs(now - time) < HOUR)  # far ahead: the clock was wrong
        if len(recent) >= MAX_FAILURES_PER_HOUR:
            yield Wait(
                recent[-MAX_FAILURES_PER_HOUR] + HOUR,
                f"the validation of {name} failed {len(recent)} times within the last hour",
            )


def _waits_after_issues(attempts: list[Attempt], wanted: set[str], now: datetime) -> Iterable[Wait]:
    times = [one.when for one in attempts if set(one.names) == wanted and one.result in ("issued", "asked")]
    recent = sorted(time for time in times if abs(now - time) < WEEK)
    if len(recent) >= MAX_ISSUED_PER_WEEK:
        reason = f"{len(recent)} certificates for these domains were issued within a week"
        yield Wait(recent[-MAX_ISSUED_PER_WEEK] + WEEK, reason)


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
