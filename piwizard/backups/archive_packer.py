"""Pack folders into an archive.

Databases are packed as SQLite's online backup copies them. Other files are read again if they change meanwhile; the
last copy in the archive counts. Needs only the standard library: it is a part of data_archive.py.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import stat
import tarfile
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

from piwizard.apps import data_mirror
from piwizard.backups import live_files
from piwizard.backups.archive_report import CHUNK_BYTES, DATA_PREFIX, MANIFEST, MAX_DAMAGED, PackReport, note_path

SCRATCH = Path("/var/tmp")
"""For the copies of databases. systemd gives each unit its own, on the disk and not in memory."""
WHOLE_FILE_BYTES = 4 << 20
"""Smaller files are read at once, so that a change meanwhile costs nothing."""
MAX_TRIES = 5
RACY_SECONDS = 0.05
"""A file that was written so recently may be written again with the same time."""
OTHER_DATABASES = {b"DUCK": (8, "DuckDB"), b"\xde\xc0\xef\xbe": (16, "LMDB")}
"""Databases without an online backup: their magic bytes, where these are, and their name."""


class Packer:
    """Writes folders into one archive.

    Files with which it would exceed `limit` bytes are skipped, if that is not 0.
    """

    def __init__(self, output: IO[bytes], *, databases: bool = True, limit: int = 0) -> None:
        self._tar = tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK_BYTES)  # noqa: SIM115
        self._databases, self._limit, self._written = databases, limit, 0
        self.report = PackReport()

    def add_folder(self, folder: Path, prefix: str = DATA_PREFIX, leave_out: frozenset[Path] = frozenset()) -> None:
        """Add everything in a folder, without following links."""
        again: list[tuple[Path, str]] = []
        for path, info in live_files.list_entries(folder, leave_out):
            name = f"{prefix}/{path.relative_to(folder)}"
            if info is None:
                note_path(self.report.skipped, name)
            elif stat.S_ISDIR(info.st_mode):
                self._add_head(name, info, tarfile.DIRTYPE)
            elif stat.S_ISLNK(info.st_mode):
                self._add_link(path, name, info)
            elif stat.S_ISSOCK(info.st_mode):  # it has no content, and its program makes it again
                continue
            elif not stat.S_ISREG(info.st_mode) or live_files.is_mostly_holes(info):
                note_path(self.report.skipped, name)
            elif not self._is_journal(path):
                self._add_file(path, name, again)
        for _ in range(MAX_TRIES):
            again = [(path, name) for path, name in again if not self._add_again(path, name)]
        for _, name in again:
            note_path(self.report.changing, name)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a file with this content."""
        head = tarfile.TarInfo(name)
        head.size, head.mode = len(content), 0o600
        self._tar.addfile(head, io.BytesIO(content))

    def finish(self) -> None:
        """Add the manifest, by which a complete archive is known."""
        self.add_bytes(MANIFEST, json.dumps(asdict(self.report)).encode())
        self._tar.close()

    def _is_journal(self, path: Path) -> bool:
        """Return whether a file belongs to a database, whose copy has its content already."""
        if not self._databases:
            return False
        ends = data_mirror.JOURNAL_SUFFIXES
        base = next((path.name.removesuffix(end) for end in ends if path.name.endswith(end)), None)
        return bool(base) and data_mirror.is_sqlite(path.parent / str(base))

    def _add_link(self, path: Path, name: str, info: os.stat_result) -> None:
        try:
            link = os.readlink(path)
        except FileNotFoundError:  # removed meanwhile
            return
        except OSError:
            note_path(self.report.skipped, name)
            return
        self._add_head(name, info, tarfile.SYMTYPE, link)

    def _add_file(self, path: Path, name: str, again: list[tuple[Path, str]]) -> None:
        found = self._databases and data_mirror.is_sqlite(path)
        with tempfile.TemporaryDirectory(dir=SCRATCH) if found else contextlib.nullcontext("") as scratch:
            self.report.files += 1
            try:
                if found:
                    self._add_database(path, name, Path(scratch) / "copy")
                elif not self._add_plain(path, name):
                    again.append((path, name))
            except BrokenPipeError:  # the reader of the archive has ended
                raise
            except OSError as error:
                self.report.files -= 1
                if not isinstance(error, FileNotFoundError):  # else it was removed meanwhile
                    note_path(self.report.skipped, name)

    def _add_again(self, path: Path, name: str) -> bool:
        """Add a file another time. Return False if the copies so far may be torn."""
        try:
            return self._add_plain(path, name, again=True)
        except FileNotFoundError:  # it is gone: the copy from before stays
            return True
        except BrokenPipeError:
            raise
        except OSError:
            return False

    def _add_database(self, path: Path, name: str, copy: Path) -> None:
        """Add a database as it is at one moment. Raise OSError, and add nothing, if that is impossible."""
        try:
            opened = data_mirror.copy_database(path, copy)
        except OSError:
            opened = False
        ends = [""] if opened else data_mirror.copy_unopened(path, copy)
        if ends is None:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
        for end in ends:
            with Path(f"{copy}{end}").open("rb") as file:
                self._add_open(file, f"{name}{end}", os.fstat(file.fileno()))
        self.report.files += len(ends) - 1
        if opened:
            note_path(self.report.databases, name)
        else:
            note_path(self.report.damaged, name, MAX_DAMAGED)

    def _add_plain(self, path: Path, name: str, *, again: bool = False) -> bool:
        """Add a file as it is. Return False if it changed meanwhile."""
        for _ in range(MAX_TRIES):
            with live_files.open_regular(path) as file:
                before = os.fstat(file.fileno())
                if (age := time.time() - before.st_mtime) < RACY_SECONDS:
                    time.sleep(min(RACY_SECONDS, max(0.0, RACY_SECONDS - age)))
                    before = os.fstat(file.fileno())
                if before.st_size > WHOLE_FILE_BYTES:
                    self._add_open(file, name, before, count=not again)
                    self._name_unsupported(file, name)
                    return live_files.is_unchanged(before, os.fstat(file.fileno()))
                content = live_files.read_exactly(file, before.st_size)
                stable = live_files.is_unchanged(before, os.fstat(file.fileno()))
                if not stable and not again:
                    continue
                self._add_open(io.BytesIO(content), name, before, count=not again)
                self._name_unsupported(file, name)
                return stable
        with live_files.open_regular(path) as last:
            self._add_open(last, name, os.fstat(last.fileno()))
        return False

    def _name_unsupported(self, file: IO[bytes], name: str) -> None:
        try:
            file.seek(0)
            head = file.read(32)
        except OSError:
            return
        for magic, (place, _) in OTHER_DATABASES.items():
            if head[place : place + len(magic)] == magic and name not in self.report.unsupported:
                note_path(self.report.unsupported, name)

    def _add_open(self, file: IO[bytes], name: str, info: os.stat_result, *, count: bool = True) -> None:
        # The app may have made it larger since it was listed.
        if live_files.is_mostly_holes(info) or (self._limit and self._written + info.st_size > self._limit):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
        head = _head(name, info, tarfile.REGTYPE)
        head.size = info.st_size
        self._written += head.size
        if count:
            self.report.bytes += head.size
        content = live_files.PaddedFile(file, head.size)
        self._tar.addfile(head, content)  # type: ignore[arg-type]  # it only reads
        if content.failed:
            note_path(self.report.skipped, name)

    def _add_head(self, name: str, info: os.stat_result, kind: bytes, link: str = "") -> None:
        head = _head(name, info, kind)
        head.linkname = link
        self._tar.addfile(head)


def _head(name: str, info: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    head = tarfile.TarInfo(name)
    head.type, head.mode, head.mtime = kind, stat.S_IMODE(info.st_mode) & 0o777, info.st_mtime
    return head


def pack(folder: Path, output: IO[bytes]) -> PackReport:
    """Write an archive of a site's data.

    It has at most as many bytes as the disk of the data: more would be holes.
    """
    disk = os.statvfs(folder)
    packer = Packer(output, limit=disk.f_blocks * disk.f_frsize)
    packer.add_folder(folder)
    packer.finish()
    return packer.report
