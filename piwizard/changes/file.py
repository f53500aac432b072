"""Write, edit and remove files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files
from piwizard.system.files import ROOT, Owner
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class File:
    """A file that piwizard writes as a whole.

    If it is `secret`, diffs do not show its content.

    A file that piwizard did not write is left alone. `takes_over` replaces it if the user agrees; undo restores it.
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
        """Return the path whose content changes."""
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
                f"{self.path} already exists and piwizard did not write it, so it was not changed.",
                hint="`piwizard apply --yes` replaces it; `piwizard undo` restores it.",
            )
        if theirs and not work.owns(self.path) and not self.takes_over:
            raise ChangeFailed(
                f"{self.path} already exists and piwizard did not write it, so it was not changed.",
                hint="Move it away, or choose another name for the site.",
            )
        _write(self.path, self.content.encode(), self.mode, self.owner.ids(), work)


@dataclass(frozen=True)
class EditedFile:
    """A file of another program in which piwizard changes some lines.

    `edit` returns the new text for a text.

    `what` describes the edit in a few words. Editing a text again changes nothing.
    """

    kind: ClassVar[str] = "edit"
    path: Path
    edit: Callable[[str], str]
    what: str

    @property
    def touches(self) -> Path:
        """Return the path whose content changes: the target, if `path` is a symlink."""
        return self.path.resolve()

    def describe(self) -> str:
        return f"Edit {self.path}: {self.what}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        before = files.read(self.path)
        if before is None:
            return Preview(in_sync=False, diff=f"# {self.path} is installed with its package; then: {self.what}")
        after = self.edit(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if before == after:
            return IN_SYNC
        edited = memory.owns(self.touches) and not memory.wrote(self.touches, files.digest(before))
        return Preview(in_sync=False, diff=files.diff(before, after, self.path), edited=edited)

    def apply(self, work: ApplyContext) -> None:
        before = files.read(self.path)
        if before is None:
            raise ChangeFailed(f"{self.path} is missing.", hint="Reinstall the package that it belongs to.")
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
            f"{path} was edited by hand since piwizard wrote it, so it was not changed.",
            hint="`piwizard plan` shows the difference; `piwizard apply --yes` replaces it and keeps your version.",
        )
    work.write(path, content, mode, ids)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Restore the original, or remove the file if there was none.

    Keep a file that was edited since.
    """
    path = Path(record["target"])
    before = record["before"]
    files.temporary_path(path).unlink(missing_ok=True)
    now = files.read(path)
    if (path.is_symlink() or (now is not None and not work.wrote(path, files.digest(now)))) and not work.overwrite:
        if path.is_symlink() and os.readlink(path) == before.get("link"):
            return None
        first = f" The version from before piwizard is kept as {before['kept']}." if before.get("kept") else ""
        return f"{path} was edited by hand since piwizard wrote it: not changed.{first}"
    if before.get("link"):
        files.make_link(path, before["link"])
        work.note(path, "restored")
    elif before["exists"]:
        original = work.original(record)
        files.replace(
            path, original, mode=before["mode"], ids=(before["uid"], before["gid"]), mtime_ns=before["mtime_ns"]
        )
        work.note(path, "restored")
    elif now is not None:
        path.unlink()
        files.sync_folder(path.parent)
        work.note(path, "removed")
    return None


def undo_edited(record: Record, work: ApplyContext) -> str | None:
    """Restore a version edited by hand that the user allowed to replace.

    Of several versions, restore the last one and name the others. The original stays in the backups.
    """
    path, before = Path(record["target"]), record["before"]
    now, link = files.read(path), before.get("link")
    content = work.original(record) if before["exists"] else b""
    if work.edited(path):
        if os.readlink(path) == link if path.is_symlink() else now == content:
            return None
        kept = f"was a link to {link}" if link else f"is kept as {before['kept']}"
        return f"{path}: your version that was replaced on {before['at']} {kept}."
    files.make_folders(path.parent)
    if link:
        files.make_link(path, link)
    else:
        ids = (before["uid"], before["gid"])
        files.replace(path, content, mode=before["mode"], ids=ids, mtime_ns=before["mtime_ns"])
    work.note(path, f"restored your version, which was replaced on {before['at']}")
    return None


@dataclass(frozen=True)
class AbsentFile:
    """A file that piwizard wrote and that is removed.

    It is kept if it was edited since. Diffs do not show its content.

    Undo uses the record from when the file was written.
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
        work.note(self.path, "removed: no longer needed")
