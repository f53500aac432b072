"""The logs of runs: written by their processes, followed by readers, and removed when they are old."""

from __future__ import annotations

import errno
import os
import time
import traceback
import weakref
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from piwizard.engine.events import Event, decode, is_output, now
from piwizard.errors import unforeseen
from piwizard.system import files, paths, printable
from piwizard.system.secret_filter import Secret, SecretFilter

PLAIN = frozenset({"event", "step", "site", "steps", "action", "kind", "stream", "result", "sha256"})
"""Fields of piwizard's own words, which readers act upon: a secret that is such a word hides nothing there."""


class Recorder:
    """Appends events to `RUN/events.jsonl`; no secret passes it, whatever a command prints."""

    def __init__(self, folder: Path, secrets: Iterable[Secret | str] = ()) -> None:
        files.make_owned_folder(folder, 0o700, (os.geteuid(), os.getegid()))
        self.run = folder.name
        self._concealer = SecretFilter(secrets)
        self._torn = False
        self._file = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        files.sync_folder(folder)
        weakref.finalize(self, os.close, self._file)

    def hide(self, secrets: Iterable[Secret | str]) -> None:
        """Keeps these out of the record too, from now on, also as programs quote them in their messages."""
        self._concealer.add(secrets)

    def emit(self, event: Event) -> None:
        """Adds one event. A single write, so that lines never mix and only the last one can be torn.

        On a full disk the event is lost, and the run goes on to an orderly end: what it was to do fails by itself.
        """
        # At and run come first: see events.is_output.
        whole = {"at": now(), "run": self.run} | self._concealer.value(event, PLAIN)
        line = (printable.json_text(_whole_characters(whole)) + "\n").encode()
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._file, line)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
        else:
            self._torn = written < len(line)

    def unforeseen(self, error: Exception) -> str:
        """Records what nobody has foreseen, with its traceback, and gives the sentence for a person."""
        message = unforeseen(error)
        self.emit(
            {"event": "error", "message": message, "hint": "The run's record has the details: `piwizard report`."}
        )
        self.emit({"event": "traceback", "text": "".join(traceback.format_exception(error))})
        return message

    def sync(self) -> None:
        """Makes what has been emitted so far survive a power cut."""
        os.fsync(self._file)

    def redacted(self, text: str) -> str:
        """A text as it may be kept: without secrets."""
        return self._concealer.text(text)


def _whole_characters(value: Any) -> Any:  # noqa: ANN401 — JSON of any shape
    """The same without halves of characters, which no reader could write to a terminal or a file."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _whole_characters(inner) for key, inner in value.items()}
    return [_whole_characters(inner) for inner in value] if isinstance(value, (list, tuple)) else value


class EventReader:
    """Reads a record as it grows. `new` gives the whole lines that came since it was last called."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._at = 0
        self._rest = b""

    @property
    def behind(self) -> int:
        """How many bytes there are that were not read yet."""
        try:
            return max(0, self._path.stat().st_size - self._at)
        except FileNotFoundError:
            return 0

    def new(self, limit: int = 1 << 20, *, output: bool = True) -> Iterator[Event]:
        """The events since the last call, at most `limit` bytes of them. What decode() refuses is passed over.

        Without `output`, what commands printed is passed over unread, which is many times as fast; an event of the
        reader's own says each time how many lines that were.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                chunk = file.read(limit)
        except FileNotFoundError:
            return
        self._at += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        passed = 0
        for line in lines:
            if not output and is_output(line):
                passed += 1
                continue
            if passed:
                yield {"event": "passed-over", "lines": passed}
                passed = 0
            if event := decode(line):
                yield event
        if passed:
            yield {"event": "passed-over", "lines": passed}


def read(folder: Path) -> list[Event]:
    """All events of a run's folder."""
    reader = EventReader(folder / "events.jsonl")
    events: list[Event] = []
    while reader.behind:
        events += reader.new()
    return events


GLANCES_PER_SECOND = 10


def follow(run: str) -> Iterator[Event]:
    """The events of a run from the first on, until it has ended or its process is gone."""
    from piwizard.engine import run_launch

    reader = EventReader(run_launch.folder(run) / "events.jsonl")
    while True:
        # Asked before reading: what a run wrote before it ended is then always read.
        alive = run_launch.alive(run)
        came = False
        for event in reader.new():
            came = True
            yield event
            if event["event"] == "apply-finished":
                return
        if not came and not reader.behind:
            if not alive:
                return
            time.sleep(1 / GLANCES_PER_SECOND)


def runs() -> list[str]:
    """The names of all runs that have a record, oldest first."""
    return sorted(path.parent.name for path in Path(paths.logs_dir()).glob("*/events.jsonl"))


MOST_RUNS = 50
MOST_BYTES = 200 << 20


def prune(logs: Path, needed: Collection[str], *, runs: int = MOST_RUNS, size: int = MOST_BYTES) -> None:
    """Of the folders in `logs`, whose names begin with the time, the newest `runs` stay, as far as they fit in `size`
    bytes; and all that are `needed`."""
    if not logs.is_dir():
        return
    taken = 0
    for number, folder in enumerate(sorted((one for one in logs.iterdir() if one.is_dir()), reverse=True)):
        taken += sum(file.stat().st_size for file in folder.iterdir())
        if (number >= runs or taken > size) and folder.name not in needed:
            files.remove(folder)
