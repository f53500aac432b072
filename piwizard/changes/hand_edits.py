"""Keep what was edited by hand inside a release, which the next one replaces."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO, ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import files, paths, safe_open
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

MANIFEST = "code.json"
"""In a release's folder: size, time and SHA-256 of each file of the code, when the release was built."""
MAX_FILES = 20_000
MAX_DEPTH = 24
MAX_HASHED_BYTES = 16 << 20
"""Larger files are compared by size and time only."""
PIECE = 1 << 20
MIN_FREE_BYTES = 64 << 20
SHOWN_EDITS = 5
SKIPPED = frozenset({".git", "__pycache__", ".piwizard-new"})
Manifest = dict[str, list[str | int]]


@dataclass(frozen=True)
class CodeRecorded:
    """The files of a release are recorded, so that later edits are found.

    They are recorded until the release is proven.
    """

    kind: ClassVar[str] = "record"
    site: str
    release: Path
    proof: Path

    def describe(self) -> str:
        return "Record the files of the release"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        return IN_SYNC if self.proof.exists() else Preview(in_sync=False, diff=f"+{self.release / MANIFEST}")

    def apply(self, work: ApplyContext) -> None:
        work.remember(HandEditsKept.kind, str(self.release), {"site": self.site})
        found: Manifest = {}
        for path, size, time in _regular_files(self.release / "app"):
            found[path] = [size, time, _hash(self.release / "app", path, size)]
        files.replace(self.release / MANIFEST, json.dumps(found).encode(), mode=0o600)


@dataclass(frozen=True)
class HandEditsKept:
    """Files that were edited by hand in the release `old` are copied.

    The release `new` will not have them.
    """

    kind: ClassVar[str] = "hand-edits"
    site: str
    old: Path
    new: Path

    def describe(self) -> str:
        return f"Keep the files that were edited by hand in {self.old / 'app'}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if not self.old.is_dir() or self.old == self.new:
            return IN_SYNC
        missing, unseen = _not_kept(self.old, self.site), _unseen(self.old)
        if not missing and not unseen:
            return IN_SYNC
        folder = _copies(self.old, self.site)
        lines = "\n".join(f"+{folder / path}" for path in missing)
        named = (_sentence(self.old, self.site, missing),) if missing else ()
        return Preview(in_sync=False, diff=lines, warnings=(*named, *unseen))

    def apply(self, work: ApplyContext) -> None:
        if sentence := _keep(self.old, self.site, work):
            work.say(sentence)
        for unseen in _unseen(self.old):
            work.say(unseen)


def undo(record: Record, work: ApplyContext) -> str | None:
    """Copy what was edited by hand in a release that undo removes."""
    release = Path(record["target"])
    return _keep(release, record["before"]["site"], work) if release.is_dir() else None


def is_obsolete(record: Record) -> bool:
    """Return whether the release is removed, so that undo finds nothing in it."""
    return not Path(record["target"]).is_dir()


def _keep(release: Path, site: str, work: ApplyContext) -> str | None:
    """Copy the edited files, and return the sentence that names them; None without any."""
    missing, folder = _not_kept(release, site), _copies(release, site)
    for path in missing:
        file = safe_open.open_file_below(release / "app", PurePath(path))
        if file is not None:
            with file:
                _copy(file, folder / path)
    if not missing:
        return None
    work.note(folder, f"has {_names(missing)}")
    return _sentence(release, site, missing)


def _not_kept(release: Path, site: str) -> list[str]:
    """Return the edited files of which no current copy exists."""
    found = []
    for path in find_edits(release):
        file = safe_open.open_file_below(release / "app", PurePath(path))
        if file is None:
            continue
        with file:
            info, copy = os.fstat(file.fileno()), _copies(release, site) / path
        if not copy.is_file() or _version(copy.stat()) != _version(info):
            found.append(path)
    return found


def _version(info: os.stat_result) -> tuple[int, int]:
    return info.st_size, info.st_mtime_ns


def _copy(file: BinaryIO, copy: Path) -> None:
    """Copy an open file, of any size that fits on the disk. Raise ChangeFailed otherwise."""
    info = os.fstat(file.fileno())
    files.make_folders(copy.parent, 0o700)
    disk = os.statvfs(copy.parent)
    if info.st_size > disk.f_bavail * disk.f_frsize - MIN_FREE_BYTES:
        raise ChangeFailed(
            f"{copy.name} was edited by hand, and its copy {copy} does not fit on the disk.",
            hint="Free disk space, or move that file out of the code of your app.",
        )
    files.replace(copy, _pieces(file, info.st_size), mode=0o600, mtime_ns=info.st_mtime_ns)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the content up to a size: the file may grow meanwhile."""
    while size and (piece := file.read(min(size, PIECE))):
        size -= len(piece)
        yield piece


def _copies(release: Path, site: str) -> Path:
    return paths.state_dir() / "edited-code" / site / release.name


def _sentence(release: Path, site: str, edited: list[str]) -> str:
    were = "were" if len(edited) > 1 else "was"
    return (
        f"{_names(edited)} in {release / 'app'} {were} edited by hand, and the repository lacks that. Copies are "
        f"kept in {_copies(release, site)}: to use them, commit them to the repository and deploy."
    )


def _unseen(release: Path) -> tuple[str, ...]:
    """Return a sentence if a release has more files than are compared."""
    if _read_manifest(release) is None or len(list(_regular_files(release / "app"))) < MAX_FILES:
        return ()
    return (
        f"{release / 'app'} has more than {MAX_FILES:,} files. piwizard has compared only the first {MAX_FILES:,} with "
        "the repository: copy files that you have edited by hand before you deploy.",
    )


def find_edits(release: Path) -> list[str]:
    """Return the files of a release's code that were added or changed by hand.

    Empty for releases that earlier versions of piwizard built, because they recorded nothing.
    """
    built = _read_manifest(release)
    if built is None:
        return []
    found = []
    for path, size, time in _regular_files(release / "app"):
        known = built.get(path)
        same = known is not None and known[:2] == [size, time]
        if not same and (known is None or known[2] == "" or known[2] != _hash(release / "app", path, size)):
            found.append(path)
    return sorted(found)


def _read_manifest(release: Path) -> Manifest | None:
    try:
        found = json.loads(files.read(release / MANIFEST) or b"null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _regular_files(code: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of each file. Links, such as those into the data, are not followed."""
    with safe_open.open_folder(code) as top:
        yield from _below(top, PurePath(), [MAX_FILES], MAX_DEPTH)


def _below(folder: int, inside: PurePath, left: list[int], depth: int) -> Iterator[tuple[str, int, int]]:
    for name in sorted(os.listdir(folder)):
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if name in SKIPPED or left[0] <= 0:
            continue
        if stat.S_ISREG(info.st_mode):
            left[0] -= 1
            yield str(inside / name), info.st_size, info.st_mtime_ns
        elif stat.S_ISDIR(info.st_mode) and depth:
            with safe_open.open_below(folder, PurePath(name)) as inner:
                yield from _below(inner, inside / name, left, depth - 1)


def _hash(code: Path, path: str, size: int) -> str:
    """Return the SHA-256 of a file; empty if it is too large to read."""
    content = safe_open.read_file(code, PurePath(path), MAX_HASHED_BYTES) if size <= MAX_HASHED_BYTES else None
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _names(edited: list[str]) -> str:
    more = len(edited) - SHOWN_EDITS
    return ", ".join(edited[:SHOWN_EDITS]) + (f" and {more} more files" if more > 0 else "")
