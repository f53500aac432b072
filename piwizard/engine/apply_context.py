"""Apply changes with events for commands and files, and backups of files."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from piwizard.changes.base import Before, Change, ChangeFailed, Record
from piwizard.engine.backups import Backups
from piwizard.engine.events import CommandFinished
from piwizard.engine.journal_entries import FileBefore, restore_command
from piwizard.engine.run_log import Recorder
from piwizard.engine.transactions import TransactionBackup
from piwizard.engine.undo_journal import Journal
from piwizard.system import commands, files, transient_unit
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.background_job import BackgroundJob
from piwizard.system.commands import Result
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.pipes import OnLine
from piwizard.system.system_cache import SystemCache

EXPECTED_CODES = 100
"""A change that allows fewer exit codes than this expects them; one that allows more judges the result itself."""
MOST_OUTPUT = 16 << 20
"""Characters of the output of one command that are logged: a hundred times what a long build prints."""


class RunApplyContext:
    """The ApplyContext of one step in one run."""

    def __init__(
        self, recorder: Recorder, backups: Backups, journal: Journal, *, overwrite: bool, wipe: bool = False
    ) -> None:
        self.machine = SystemCache()
        self.wipe = wipe
        self.overwrite = overwrite
        self.continued_by: BackgroundJob | None = None
        """The background job that continues the step, once it was started."""
        self._recorder, self._backups, self._journal, self._own = recorder, backups, journal, journal
        self._ids = itertools.count(1)
        self._changes = itertools.count(1)

    def command(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        allow: Sequence[int] = (0,),
        prefix: Sequence[str] = (),
    ) -> Result:
        def run(on_line: OnLine) -> Result:
            return commands.run((*prefix, *argv), input=input, env=env, cwd=cwd, on_line=on_line)

        return self._logged(argv, "nobody" if "setpriv" in prefix else "root", run, allow)

    def job(self, argv: Sequence[str], sandbox: Sandbox, *, env: Mapping[str, str], cwd: Path) -> Result:
        def run(on_line: OnLine) -> Result:
            whole = commands.base_environment() | dict(env)
            return transient_unit.run(argv, sandbox.properties(), env=whole, cwd=cwd, on_line=on_line)

        return self._logged(argv, sandbox.user, run, commands.ANY_EXIT)

    def _logged(self, argv: Sequence[str], user: str, run: Callable[[OnLine], Result], allow: Sequence[int]) -> Result:
        number, emit = next(self._ids), self._recorder.emit
        emit({"event": "command-started", "argv": list(argv), "id": number, "user": user})
        limit = OutputLimit()

        def output(stream: str, text: str) -> None:
            kept = limit.for_line(text)
            if kept is not None:
                emit({"event": "output", "id": number, "stream": stream, "text": kept})

        result = run(output)
        if limit.skipped:
            emit({"event": "note", "text": f"The output was too long: {limit.skipped} more lines were not logged."})
        finished: CommandFinished = {
            "event": "command-finished",
            "id": number,
            "exit": result.exit,
            "seconds": round(result.seconds, 3),
        }
        if result.exit != 0 and result.exit in allow and len(allow) < EXPECTED_CODES:
            finished["allowed"] = True
        emit(finished)
        self.machine.forget()
        if result.exit not in allow:
            reason = result.last_lines or f"It ended with exit code {result.exit}."
            raise ChangeFailed(f"`{' '.join(argv)}` failed: {reason}", hint="`piwizard logs` shows its whole output.")
        return result

    def write(self, path: Path, content: bytes, mode: int, ids: tuple[int, int]) -> None:
        edited = self._backups.edited(path)
        before = self._journal.writing(path, content, mode, ids)
        self._learn()
        files.replace(path, content, mode=mode, ids=ids)
        digest, backup = files.digest(content), before.get("kept") if before else None
        self._recorder.emit({"event": "file-written", "path": str(path), "backup": backup, "sha256": digest})
        if before and edited:
            self._report_kept(path, before)
        self.machine.forget()

    def link(self, path: Path, to: str | None) -> None:
        before = self._journal.linking(path, to)
        self._learn()
        now = os.readlink(path) if path.is_symlink() else None
        was = f" (before: {now})" if now not in (None, to) else ""
        if to is not None:
            files.make_folders(path.parent)
            files.make_link(path, to)
            self.note(path, f"now links to {to}{was}")
        elif os.path.lexists(path):
            files.unlink(path)
            self.note(path, f"link removed{was}")
        if before:
            self._report_kept(path, before)

    def _learn(self) -> None:
        for entry in self._journal.entries():
            self._backups.learn(entry)

    def _report_kept(self, path: Path, before: FileBefore) -> None:
        """Log that a version edited by hand was replaced, and the commands that restore it."""
        way = f"`{shlex.join(restore_command(path, before))}`"
        if self._journal is self._own:  # what is shared is undone with the last site
            way += f" or `{self._own.undo_command}`"
        self.say(f"{path} was edited by hand before, and your version is kept. To restore it: {way}.")

    def remember(self, kind: str, target: str, before: Before) -> None:
        self._journal.remember(kind, target, before)

    def note(self, path: Path, did: str) -> None:
        self._recorder.emit({"event": "path-altered", "path": str(path), "did": did})
        self.machine.forget()

    def say(self, text: str) -> None:
        self._recorder.emit({"event": "note", "text": text})

    def continue_in(self, job: BackgroundJob) -> None:
        self.continued_by = job

    def make(self, change: Change) -> bool:
        preview = change.probe(self.machine, self)
        number, what = next(self._changes), change.describe()
        if preview.in_sync:
            self._recorder.emit({"event": "change-skipped", "change": what, "kind": change.kind, "number": number})
            return False
        self._recorder.emit({"event": "change-started", "change": what, "kind": change.kind, "number": number})
        change.apply(self)
        self._recorder.emit({"event": "change-finished", "change": what, "kind": change.kind, "number": number})
        return True

    @contextmanager
    def shared(self) -> Iterator[None]:
        own, self._journal = self._journal, self._journal.shared()
        try:
            yield
        finally:
            self._journal = own

    def begin(self, group: str, paths: Sequence[Path]) -> None:
        for path in TransactionBackup(self._backups.folder, group).begin(paths, self._backups.wrote):
            self.note(path, "rolled back: it is no longer part of this change")

    def finish(self, group: str) -> None:
        TransactionBackup(self._backups.folder, group).finish()

    def roll_back(self, group: str) -> None:
        for path in TransactionBackup(self._backups.folder, group).roll_back():
            self.note(path, "rolled back")

    def original(self, record: Record) -> bytes:
        return self._journal.original(record)

    def wrote(self, path: Path, sha256: str) -> bool:
        return self._backups.wrote(path, sha256)

    def owns(self, path: Path) -> bool:
        return self._backups.owns(path)

    def edited(self, path: Path) -> bool:
        return self._backups.edited(path)

    def unfinished(self, group: str) -> bool:
        return self._backups.unfinished(group)


@dataclass
class OutputLimit:
    """The limit of the output of one command that is logged.

    Without it, code from a repository could fill the disk.
    """

    left: int = field(default_factory=lambda: MOST_OUTPUT)
    skipped: int = 0

    def for_line(self, text: str) -> str | None:
        """Return the line; None if the limit is reached."""
        if self.left <= 0:
            self.skipped += 1
            return None
        self.left -= len(text) + 1
        return text
