"""Write, read and remove the logs of runs."""

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
from piwizard.errors import PiwizardError, unforeseen
from piwizard.system import files, paths, printable
from piwizard.system.secret_filter import Secret, SecretFilter

READS_PER_SECOND = 10
MOST_RUNS, MOST_BYTES = 50, 200 << 20
"""How many run logs are kept, and how many bytes of them."""
PLAIN = frozenset({"event", "step", "site", "steps", "action", "kind", "stream", "result", "sha256"})
"""Fields that readers rely on: no secret is hidden in them, even if it is the same text."""


class Recorder:
    """A writer that appends events to `RUN/events.jsonl`, without secrets."""

    def __init__(self, folder: Path, secrets: Iterable[Secret | str] = ()) -> None:
        files.make_owned_folder(folder, 0o700, (os.geteuid(), os.getegid()))
        self.run = folder.name
        self._secret_filter = SecretFilter(secrets)
        self._torn = False
        self._file = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        files.sync_folder(folder)
        weakref.finalize(self, os.close, self._file)

    def hide(self, secrets: Iterable[Secret | str]) -> None:
        """Hide these secrets from now on too, in all forms of quoting."""
        self._secret_filter.add(secrets)

    def emit(self, event: Event) -> None:
        """Append one event in a single write.

        So lines never mix, and only the last one can be torn.

        On a full disk the event is lost and the run continues: it fails in order by itself.
        """
        # The fields at and run come first: see events.is_output.
        whole = {"at": now(), "run": self.run} | self._secret_filter.value(event, PLAIN)
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

    def refusal(self, error: PiwizardError) -> None:
        """Log an error for people."""
        self.emit(
            {
                "event": "error",
                "message": error.located,
                "reason": error.message_without_key,
                "key": error.key,
                "hint": error.hint,
            }
        )

    def unforeseen(self, error: Exception) -> str:
        """Log an unforeseen error with its traceback. Return the message for the user."""
        message = unforeseen(error)
        self.emit({"event": "error", "message": message, "hint": "The run log has the details: `piwizard report`."})
        self.emit({"event": "traceback", "text": "".join(traceback.format_exception(error))})
        return message

    def sync(self) -> None:
        """Make everything emitted so far survive a power cut."""
        os.fsync(self._file)

    def redacted(self, text: str) -> str:
        """Return a text without secrets."""
        return self._secret_filter.text(text)


def _whole_characters(value: Any) -> Any:  # noqa: ANN401 — JSON of any shape
    """Replace lone surrogates, which no reader could write to a terminal or a file."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _whole_characters(inner) for key, inner in value.items()}
    return [_whole_characters(inner) for inner in value] if isinstance(value, (list, tuple)) else value


class EventReader:
    """Read a run log as it grows.

    `new` returns the complete lines since its last call.
    """

    def __init__(self, file: Path) -> None:
        self._path = file
        self._at = 0
        self._rest = b""

    @property
    def behind(self) -> int:
        """Return how many bytes were not read yet."""
        try:
            return max(0, self._path.stat().st_size - self._at)
        except FileNotFoundError:
            return 0

    def new(self, limit: int = 1 << 20, *, output: bool = True) -> Iterator[Event]:
        """Yield the events since the last call, at most `limit` bytes of them.

        Skip lines that decode() refuses.

        Without `output`, skip the output of commands unread, which is many times as fast, and yield an event of
        the reader's own with the number of skipped lines.
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
    """Return all events of a run's folder."""
    reader = EventReader(folder / "events.jsonl")
    events: list[Event] = []
    while reader.behind:
        events += reader.new()
    return events


def follow(run: str) -> Iterator[Event]:
    """Yield the events of a run until it has ended or its process is gone."""
    from piwizard.engine import run_launch

    reader = EventReader(run_launch.folder(run) / "events.jsonl")
    while True:
        # Asked before reading, so that everything the run wrote before its end is read.
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
            time.sleep(1 / READS_PER_SECOND)


def runs() -> list[str]:
    """Return the names of all runs that have a log, oldest first."""
    return sorted(path.parent.name for path in Path(paths.logs_dir()).glob("*/events.jsonl"))


def prune(logs: Path, needed: Collection[str], *, runs: int = MOST_RUNS, size: int = MOST_BYTES) -> None:
    """Remove old run logs from the folder `logs`.

    Keep the newest `runs` logs, as far as they fit in `size` bytes, and all logs that are `needed`.
    """
    if not logs.is_dir():
        return
    taken = 0
    for number, folder in enumerate(sorted((one for one in logs.iterdir() if one.is_dir()), reverse=True)):
        taken += sum(file.stat().st_size for file in folder.iterdir())
        if (number >= runs or taken > size) and folder.name not in needed:
            files.remove(folder)
