"""The record of a run: one JSON object a line, appended, and read by whoever watches."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Event = dict[str, Any]

HIDDEN = "•••"
SHORTEST_SECRET = 4
OUTPUT_MARK = b'"event": "output"'
OUTPUT_MARK_WITHIN = 150
"""At and run stand before it in a line."""


def now() -> str:
    """The time in ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Recorder:
    """Appends events to `RUN/events.jsonl`; no secret passes it, whatever a command prints."""

    def __init__(self, folder: Path, secrets: Iterable[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.run = folder.name
        # The longest first, so that no part of one stays when a shorter one lies within it.
        self._secrets = sorted((secret for secret in secrets if len(secret) >= SHORTEST_SECRET), key=len, reverse=True)
        self._file = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def emit(self, event: str, **fields: object) -> None:
        """Adds one event. A single write, so that lines never mix and only the last one can be torn."""
        whole: Event = {"at": now(), "run": self.run, "event": event} | self._redact(fields)
        os.write(self._file, (json.dumps(whole, ensure_ascii=False) + "\n").encode("utf-8", "replace"))

    def sync(self) -> None:
        """Makes what has been emitted so far survive a power cut."""
        os.fsync(self._file)

    def _redact(self, value: Any) -> Any:  # noqa: ANN401 — JSON of any shape
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, HIDDEN)
            return value
        if isinstance(value, dict):
            return {key: self._redact(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._redact(inner) for inner in value]
        return value


class Reader:
    """Reads a record as it grows. `new` gives the whole lines that came since it was last called."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._at = 0
        self._rest = b""
        self.passed_over = 0
        """How many lines of output were passed over so far."""

    @property
    def behind(self) -> int:
        """How many bytes there are that were not read yet."""
        try:
            return max(0, self._path.stat().st_size - self._at)
        except FileNotFoundError:
            return 0

    def new(self, limit: int = 1 << 20, *, output: bool = True) -> Iterator[Event]:
        """The events since the last call, at most `limit` bytes of them. A line that is no JSON is passed over.

        Without `output`, what commands printed is passed over unread, which is many times as fast.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                chunk = file.read(limit)
        except FileNotFoundError:
            return
        self._at += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if not output and OUTPUT_MARK in line[:OUTPUT_MARK_WITHIN]:
                self.passed_over += 1
                continue
            try:
                event = json.loads(line)
            except ValueError:
                continue  # torn by a power cut
            if isinstance(event, dict) and "event" in event:
                yield event


def read(folder: Path) -> list[Event]:
    """All events of a run's folder."""
    reader, events = Reader(folder / "events.jsonl"), []
    while batch := list(reader.new()):
        events += batch
    return events
