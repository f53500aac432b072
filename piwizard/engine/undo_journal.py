"""Record the state of things before piwizard changes them.

These are the undo journals. They also have what piwizard wrote.

Each step of each site has a journal, `backups/SITE/STEP/journal.jsonl`. An entry is appended before the change that it
describes. Originals are kept beside the journals under the hash of their content, and so are versions that were edited
by hand and that the user allowed to replace.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from piwizard.changes.base import Before, Record
from piwizard.engine.backups import MACHINE, Backups
from piwizard.engine.journal_entries import EDITED, JOURNAL_FILE, Entry, FileBefore, is_record, read_entries
from piwizard.errors import PiwizardError
from piwizard.system import files

MOST_VERSIONS = 20
"""How many versions of one file that were edited by hand a journal keeps."""


class Journal:
    """The journal of one step. `Backups` combines all journals."""

    def __init__(self, backups: Path, step: str, site: str | None) -> None:
        self._backups, self._step, self._site = backups, step, site
        self.folder = backups / (site or MACHINE) / step
        self._originals = backups / "originals"
        self._file = self.folder / JOURNAL_FILE
        self._entries: list[Entry] | None = None

    @property
    def undo_command(self) -> str:
        """Return the command that undoes the step."""
        return f"piwizard undo {self._step}" + (f" --site {self._site}" if self._site else "")

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first. They are read once, as there is one writer."""
        if self._entries is None:
            self._entries = read_entries(self.folder)
        return list(self._entries)

    def records(self) -> list[Record]:
        """Return the entries that undo needs, oldest first."""
        return [entry for entry in self.entries() if is_record(entry)]

    def shared(self) -> Journal:
        """Return the journal of what this step did for all sites together.

        Steps of the machine have only this.
        """
        return Journal(self._backups, self._step, None)

    def to_undo(self) -> list[Journal]:
        """Return the journals that end when this step is undone.

        The shared one ends with the last site.
        """
        others = {path.parent.parent.name for path in self._backups.glob(f"*/{self._step}/{JOURNAL_FILE}")}
        alone = not others - {MACHINE, self._site}
        return [self, self.shared()] if self._site is not None and alone else [self]

    def knows(self, kind: str, target: str) -> bool:
        """Check whether the former state of something is recorded."""
        return any(entry["kind"] == kind and entry["target"] == target for entry in self.records())

    def remember(self, kind: str, target: str, before: Before) -> None:
        """Record the state of something, unless it is recorded already."""
        if not self.knows(kind, target):
            self._append({"kind": kind, "target": target, "before": before})

    def writing(
        self, path: Path, content: bytes, mode: int = 0o644, ids: tuple[int, int] = (0, 0)
    ) -> FileBefore | None:
        """Record that `content` is about to be written.

        Return what it replaces, if that is kept.

        The original is backed up the first time.

        A version that was edited by hand is backed up each time, with its own record: undo restores it. If the file
        that piwizard writes is private, that version never returns with more permissions.
        """
        before: FileBefore | None = None
        if not self.knows("file", str(path)):
            before = self._keep_as_it_is(path)
            if Backups(self._backups).owns(path):
                _limit_permissions(before, mode, ids)
            self.remember("file", str(path), {**before})
        elif self._edited_by_hand(path):
            before = self._keep_as_it_is(path)
            _limit_permissions(before, mode, ids)
            self._remember_edited(path, before)
        self._append({"kind": "wrote", "target": str(path), "sha256": files.digest(content)})
        return before

    def linking(self, path: Path, to: str | None) -> FileBefore | None:
        """Record that a link is about to be made, or removed if `to` is None.

        Return the version that it replaces, if the link was changed by hand.
        """
        now, before = os.readlink(path) if path.is_symlink() else None, None
        if Backups(self._backups).edited(path):
            before = self._keep_as_it_is(path) if now is None else FileBefore(exists=False, link=now)
            if now is None or self.knows("link", str(path)):
                self._remember_edited(path, before)
        self.remember("link", str(path), {"target": now})
        if to is not None:
            self._append({"kind": "linked", "target": str(path), "to": to})
        return before

    def record_found(self, path: Path) -> None:
        """Record a file as if piwizard had created it, and keep its content.

        For files of piwizard whose journal is lost.
        """
        content = None if path.is_symlink() else files.read(path)
        if content is None or self.knows("file", str(path)):
            return
        self._keep(content)
        self.remember("file", str(path), {"exists": False})
        self._append({"kind": "wrote", "target": str(path), "sha256": files.digest(content)})

    def _remember_edited(self, path: Path, before: FileBefore) -> None:
        """Record a version edited by hand; of many versions of one file, drop the oldest."""
        before["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._append({"kind": EDITED, "target": str(path), "before": {**before}})
        versions = [one for one in self.records() if (one["kind"], one["target"]) == (EDITED, str(path))]
        if dropped := versions[:-MOST_VERSIONS]:
            self.rewrite([one for one in self.entries() if one not in dropped])

    def _keep_as_it_is(self, path: Path) -> FileBefore:
        """Return the state of a file or link for undo, after a backup of its content."""
        before: FileBefore = {"exists": path.exists()}
        if path.is_symlink():
            before["link"] = os.readlink(path)
        if not path.exists():
            return before
        original = path.read_bytes()
        mode, uid, gid = files.mode_and_owner(path)
        before |= {"sha256": files.digest(original), "mode": mode, "uid": uid, "gid": gid}
        before["mtime_ns"] = path.stat().st_mtime_ns
        before["kept"] = str(self._keep(original))
        return before

    def _edited_by_hand(self, path: Path) -> bool:
        """Check whether a path was changed since piwizard wrote it."""
        if path.is_symlink():
            return not self.knows("link", str(path))
        now = files.read(path)
        return now is not None and not Backups(self._backups).wrote(path, files.digest(now))

    def original(self, record: Record) -> bytes:
        """Return the content of a file from before piwizard."""
        content = files.read(self._originals / record["before"]["sha256"])
        if content is None:
            raise PiwizardError(
                f"The backup of {record['target']} is missing from {self._originals}.",
                hint="Restore the file by hand, then undo again.",
            )
        return content

    def forget(self) -> None:
        """Remove the journal of a step that is undone."""
        self._entries = None
        files.unlink(self._file)
        files.remove(self.folder)
        with suppress(OSError):  # another step of the site has a journal there
            self.folder.parent.rmdir()

    def rewrite(self, entries: Sequence[Entry]) -> None:
        """Replace all entries by these, in one step."""
        if not entries:
            self.forget()
            return
        files.replace(self._file, b"".join(json.dumps(entry).encode() + b"\n" for entry in entries), mode=0o600)
        self._entries = [*entries]

    def _keep(self, content: bytes) -> Path:
        files.make_folders(self._originals, 0o700)
        path = self._originals / files.digest(content)
        if path.exists():
            os.utime(path)  # the versions that were replaced last are kept longest
        else:
            files.replace(path, content, mode=0o600)
        return path

    def _append(self, entry: Entry) -> None:
        entries = self.entries()
        files.make_folders(self.folder)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            line = (b"\n" if torn else b"") + json.dumps(entry).encode() + b"\n"
            if os.write(handle, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
            os.fsync(handle)
        finally:
            os.close(handle)
        if size == 0:
            files.sync_folder(self.folder)
        self._entries = [*entries, entry]


def _limit_permissions(before: FileBefore, mode: int, ids: tuple[int, int]) -> None:
    """Limit a version to the permissions `mode` if that closes the file to others.

    It may contain secrets.
    """
    if "mode" in before and not mode & 0o004:
        before["mode"] &= mode
        before["uid"], before["gid"] = ids
