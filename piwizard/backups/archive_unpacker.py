"""Create the content of an archive, which may be hostile.

Needs only the standard library: it is a part of data_archive.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from piwizard.apps import data_mirror
from piwizard.backups import live_files
from piwizard.backups.archive_report import CHUNK_BYTES, DATA_PREFIX, MANIFEST, UnpackReport, note_path


def unpack(folder: Path, source: IO[bytes], limit: int = 0, *, prefix: str = DATA_PREFIX) -> UnpackReport:
    """Create the content of an archive in an empty folder.

    At most `limit` bytes are created if that is not 0. All names begin with the folder `prefix`, which is not created;
    with "", every name is created as it is.

    Neither the archive nor the folder is trusted: names that lead out of it are refused, and no link is followed.
    """
    report, manifest, seen = UnpackReport(), None, dict[str, int]()
    with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK_BYTES) as archive:
        for member in archive:
            if member.name == MANIFEST and member.isreg() and member.size < CHUNK_BYTES:
                content = archive.extractfile(member)
                manifest = json.loads(content.read()) if content else None
                continue
            parts = PurePosixPath(member.name).parts
            if not prefix:
                parts = ("", *parts)
            if len(parts) < 2 or parts[0] != prefix or ".." in parts or len(parts) > live_files.MAX_DEPTH + 2:
                note_path(report.refused, member.name)
                continue
            if member.isreg():
                report.bytes += member.size - seen.get(member.name, 0)  # it replaces the copy from before
                if limit and report.bytes > limit:
                    raise OSError(28, os.strerror(28), str(folder))
                seen[member.name] = member.size
            _create(folder, parts[1:], member, archive, report)
    report.files = len(seen)
    if isinstance(manifest, dict):
        report.complete = manifest.get("files") == report.files and not report.refused
        report.doubtful = [
            str(one) for key in ("skipped", "changing", "damaged") for one in manifest.get(key) or () if one
        ]
    return report


def _create(
    folder: Path, parts: tuple[str, ...], member: tarfile.TarInfo, archive: tarfile.TarFile, report: UnpackReport
) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    within = os.open(folder, flags)
    try:
        for part in parts[:-1]:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=within)
            inner = os.open(part, flags, dir_fd=within)
            os.close(within)
            within = inner
        name, mode = parts[-1], member.mode & 0o777
        if member.isdir():
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=within)
            made = os.open(name, flags, dir_fd=within)
            os.fchmod(made, mode | 0o700)
            os.close(made)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=within)
        if member.issym():
            os.symlink(member.linkname, name, dir_fd=within)
        elif member.isreg():
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=within)
            with os.fdopen(handle, "wb") as file:
                content = archive.extractfile(member)
                while content and (piece := content.read(CHUNK_BYTES)):
                    file.write(piece)
                file.flush()
                os.fchmod(handle, mode)
                os.utime(handle, (member.mtime, member.mtime))
                os.fsync(handle)
        else:
            note_path(report.refused, member.name)
    finally:
        os.close(within)


def broken_databases(folder: Path) -> list[str]:
    """Return the databases below a folder that SQLite's integrity check rejects."""
    import sqlite3
    from urllib.parse import quote

    found: list[str] = []
    for path, info in live_files.list_entries(folder, frozenset()):
        if info is None or not stat.S_ISREG(info.st_mode) or not data_mirror.is_sqlite(path):
            continue
        try:
            address = f"file:{quote(os.fsencode(path))}?mode=rw"
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
                ok = database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlite3.Error:
            ok = False
        if not ok:
            note_path(found, str(path.relative_to(folder)))
    return found
