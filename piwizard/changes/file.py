"""Files: written whole, edited, or removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files
from piwizard.system.files import ROOT, Owner
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class File:
    """A file that is wholly piwizard's. A `secret` one shows no content in diffs.

    One that somebody else wrote is left alone; `takes_over` replaces it after a yes, and undo brings it back.
    """

    kind: ClassVar[str] = "file"
    path: Path
    content: str
    mode: int = 0o644
    owner: Owner = ROOT
    secret: bool = False
    takes_over: bool = False

    @property
    def touches(self) -> Path:
        """The path whose content changes."""
        return self.path

    def describe(self) -> str:
        return f"Write {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return _probe(self.path, self.content.encode(), self.mode, self.owner, memory, secret=self.secret)

    def apply(self, work: ApplyContext) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            raise ChangeFailed(f"{self.path} is a folder, so no file can be written there.", hint="Move it away.")
        theirs = self.path.is_symlink() or files.read(self.path) not in (None, self.content.encode())
        if theirs and not work.owns(self.path) and self.takes_over and not work.overwrite:
            raise ChangeFailed(
                f"{self.path} is there already and piwizard did not write it, so it was left as it is.",
                hint="`piwizard apply --yes` replaces it; `piwizard undo` would bring it back.",
            )
        if theirs and not work.owns(self.path) and not self.takes_over:
            raise ChangeFailed(
                f"{self.path} is there already and piwizard did not write it, so it was left as it is.",
                hint="Move it away, or choose another name for the site.",
            )
        _write(self.path, self.content.encode(), self.mode, self.owner.ids(), work)


@dataclass(frozen=True)
class EditedFile:
    """A file of somebody else's in which some lines are piwizard's. `edit` gives the new text of a text.

    `what` says in a few words what the edit does. Editing an edited text changes nothing.
    """

    kind: ClassVar[str] = "edit"
    path: Path
    edit: Callable[[str], str]
    what: str

    @property
    def touches(self) -> Path:
        """The path whose content changes: the file itself where `path` is a symlink to it."""
        return self.path.resolve()

    def describe(self) -> str:
        return f"Edit {self.path}: {self.what}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        before = files.read(self.path)
        if before is None:
            return Preview(in_sync=False, diff=f"# {self.path} comes with its package; then: {self.what}")
        after = self.edit(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if before == after:
            return IN_SYNC
        edited = memory.owns(self.touches) and not memory.wrote(self.touches, files.digest(before))
        return Preview(in_sync=False, diff=files.diff(before, after, self.path), edited=edited)

    def apply(self, work: ApplyContext) -> None:
        before = files.read(self.path)
        if before is None:
            raise ChangeFailed(f"{self.path} is missing.", hint="Its package should have brought it: reinstall that.")
        after = self.edit(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        mode, user, group = files.mode_and_owner(self.touches)
        _write(self.touches, after, mode, (user, group), work)


def _probe(path: Path, content: bytes, mode: int, owner: Owner, memory: OwnershipIndex, *, secret: bool) -> Preview:
    before = files.read(path)
    if before == content and not path.is_symlink():
        have_mode, have_user, have_group = files.mode_and_owner(path)
        try:
            if (have_mode, have_user, have_group) == (mode, *owner.ids()):
                return IN_SYNC
        except KeyError:
            return Preview(in_sync=False, diff=f"# {path}: owner {owner.user}:{owner.group}")
        return Preview(in_sync=False, diff=f"# {path}: mode {mode:04o}, owner {owner.user}:{owner.group}")
    edited = path.is_symlink() or (before is not None and not memory.wrote(path, files.digest(before)))
    diff = f"# {path}: secret, {len(content)} bytes" if secret else files.diff(before, content, path)
    return Preview(in_sync=False, diff=diff, edited=edited)


def _write(path: Path, content: bytes, mode: int, ids: tuple[int, int], work: ApplyContext) -> None:
    before = files.read(path)
    theirs = path.is_symlink() or (before is not None and not work.wrote(path, files.digest(before)))
    edited = theirs and work.owns(path)
    if edited and not work.overwrite:
        raise ChangeFailed(
            f"{path} was edited by hand since piwizard wrote it, so it was left as it is.",
            hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
        )
    work.write(path, content, mode, ids)
    if edited:
        work.say(f"{path} was edited by hand. Your version is kept, and `piwizard undo` brings it back.")


def undo(record: Record, work: ApplyContext) -> str | None:
    """Puts the original back, or removes the file where there was none; keeps what somebody edited since."""
    path = Path(record["target"])
    before = record["before"]
    files.temporary_path(path).unlink(missing_ok=True)
    now = files.read(path)
    if (path.is_symlink() or (now is not None and not work.wrote(path, files.digest(now)))) and not work.overwrite:
        if path.is_symlink() and os.readlink(path) == before.get("link"):
            return None
        first = f" The version from before piwizard is kept as {before['kept']}." if before.get("kept") else ""
        return f"{path} was edited by hand since piwizard wrote it: kept as it is.{first}"
    if before.get("link"):
        files.make_link(path, before["link"])
        work.note(path, "put back as it was")
    elif before["exists"]:
        original = work.original(record)
        files.replace(
            path, original, mode=before["mode"], ids=(before["uid"], before["gid"]), mtime_ns=before["mtime_ns"]
        )
        work.note(path, "put back as it was")
    elif now is not None:
        path.unlink()
        files.sync_folder(path.parent)
        work.note(path, "removed")
    return None


def undo_edited(record: Record, work: ApplyContext) -> str | None:
    """Brings the version back that somebody made by hand and that was replaced after a yes, as if it never had been.

    Of several only the last one; the others are named. What was there before piwizard stays in the backups.
    """
    path, before = Path(record["target"]), record["before"]
    now, content = files.read(path), work.original(record) if before["exists"] else b""
    if path.is_symlink() or (now is not None and not work.wrote(path, files.digest(now))):
        if now == content or not before["exists"]:
            return None
        return f"{path}: a version of yours that was replaced on {before['at']} is kept as {before['kept']}."
    if before.get("link"):
        files.make_link(path, before["link"])
    else:
        files.make_folders(path.parent)
        ids = (before["uid"], before["gid"])
        files.replace(path, content, mode=before["mode"], ids=ids, mtime_ns=before["mtime_ns"])
    work.note(path, f"your version, which was replaced on {before['at']}, is back")
    return None


@dataclass(frozen=True)
class AbsentFile:
    """The file is not there, unless it is somebody else's or was edited since. What it holds is shown nowhere.

    The record that was made when it was written says what undo has to do.
    """

    kind: ClassVar[str] = "gone"
    path: Path

    def describe(self) -> str:
        return f"Remove {self.path}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = files.read(self.path)
        if now is None or not memory.wrote(self.path, files.digest(now)):
            return IN_SYNC
        return Preview(in_sync=False, diff=f"-{self.path}")

    def apply(self, work: ApplyContext) -> None:
        self.path.unlink(missing_ok=True)
        files.sync_folder(self.path.parent)
        work.note(self.path, "removed: it is needed no more")
