"""What was asked of Let's Encrypt, remembered on disk: so that its limits are never reached by trying again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from piwizard.system import file_format, files

HOUR, WEEK, KEPT = timedelta(hours=1), timedelta(days=7), timedelta(days=31)
VERSION = 1
"""The file does not say it; one of another form will."""
MOST_FAILURES = 5
"""Failed validations of a name within an hour."""
MOST_ISSUED = 5
"""Certificates for the very same names within a week. Times far ahead are of a clock that was wrong."""


@dataclass(frozen=True)
class Attempt:
    """One request. `result`: "asked" (no answer is known: it was cut off), "issued" or "refused"."""

    at: str
    server: str
    names: tuple[str, ...]
    result: str = "asked"
    failed: tuple[str, ...] = ()
    retry_at: str | None = None

    @property
    def when(self) -> datetime:
        """The time of asking."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Wait:
    """Not before `until`, and why."""

    until: datetime
    why: str


class Attempts:
    """The record of all sites. Its file is replaced as a whole; one that cannot be read is put aside."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait(self, server: str, names: Iterable[str], now: datetime) -> Wait | None:
        """How long these names have to wait, if they have to."""
        wanted = set(names)
        same = [one for one in self.all() if one.server == server]
        waits = [*_told(same, wanted), *_failing(same, wanted, now), *_issued(same, wanted, now)]
        waits = [one for one in waits if one.until > now]
        return max(waits, key=lambda one: one.until, default=None)

    def begin(self, server: str, names: Sequence[str], now: datetime) -> Attempt:
        """Notes a request before it is made."""
        made = Attempt(now.isoformat(timespec="seconds"), server, tuple(names))
        self._write([*(one for one in self.all() if now - one.when < KEPT), made])
        return made

    def end(self, begun: Attempt, result: str, failed: Sequence[str] = (), retry_at: datetime | None = None) -> None:
        """Notes what became of it."""
        told = retry_at.isoformat(timespec="seconds") if retry_at else None
        known = self.all()
        at = len(known) - 1 - known[::-1].index(begun)
        known[at] = replace(begun, result=result, failed=tuple(failed), retry_at=told)
        self._write(known)

    def all(self) -> list[Attempt]:
        """Oldest first."""
        content = files.read(self._path)
        if content is None:
            return []
        try:
            whole = json.loads(content)
            file_format.refuse_newer(self._path, whole, VERSION)
            return [_read(entry) for entry in whole]
        except (ValueError, TypeError, KeyError):
            self._path.rename(self._path.with_suffix(".unreadable"))
            return []

    def _write(self, attempts: list[Attempt]) -> None:
        files.make_folders(self._path.parent)
        files.replace(self._path, json.dumps([asdict(one) for one in attempts], indent=1).encode(), mode=0o600)


def _read(entry: dict[str, object]) -> Attempt:
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
            raise ValueError("a time without its zone")
    return made


def _told(attempts: list[Attempt], wanted: set[str]) -> Iterable[Wait]:
    for one in attempts:
        if one.retry_at and wanted & set(one.names):
            yield Wait(datetime.fromisoformat(one.retry_at), "it said so when it was asked last")


def _failing(attempts: list[Attempt], wanted: set[str], now: datetime) -> Iterable[Wait]:
    for name in sorted(wanted):
        times = [one.when for one in attempts if name in (one.names if one.result == "asked" else one.failed)]
        recent = sorted(time for time in times if abs(now - time) < HOUR)
        if len(recent) >= MOST_FAILURES:
            yield Wait(
                recent[-MOST_FAILURES] + HOUR, f"{name} was not validated {len(recent)} times within the last hour"
            )


def _issued(attempts: list[Attempt], wanted: set[str], now: datetime) -> Iterable[Wait]:
    times = [one.when for one in attempts if set(one.names) == wanted and one.result in ("issued", "asked")]
    recent = sorted(time for time in times if abs(now - time) < WEEK)
    if len(recent) >= MOST_ISSUED:
        yield Wait(recent[-MOST_ISSUED] + WEEK, f"{len(recent)} certificates for these names were made within a week")


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
