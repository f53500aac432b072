"""Pack or unpack a site's data: `python data_archive.py pack FOLDER`.

Runs as the site's user, in the sandbox of its app. `pack` writes a tar archive to standard output, and `unpack` reads
one from standard input; the last line on standard error is a report as JSON. SQLite databases are packed as SQLite's
online backup copies them. Other files are read again if they change meanwhile; the last copy in the archive counts.
Needs only the standard library.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import stat
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

try:
    from piwizard.apps import data_mirror
except ImportError:  # as a program of its own: the other one is beside it in the sandbox
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "apps")]
    import data_mirror  # type: ignore[import-not-found, no-redef]

VERSION = 1
PREFIX, MANIFEST = "data", "manifest.json"
"""The data is below `data/` in the archive; the manifest is its last member."""
SCRATCH = Path("/var/tmp")
"""For the copies of databases. systemd gives each unit its own, on the disk and not in memory."""
WHOLE_FILE_BYTES = 4 << 20
"""Smaller files are read at once, so that a change meanwhile costs nothing."""
CHUNK_BYTES = 1 << 20
MAX_TRIES = 5
RACY_SECONDS = 0.05
"""A file that was written so recently may be written again with the same time."""
MAX_NAMED, MAX_DAMAGED = 20, 1000
MAX_DEPTH = 200
SPARSE_BYTES = 1 << 30
"""A larger file that is mostly holes is skipped: its zeros could exceed every disk."""
OTHER_DATABASES = {b"DUCK": (8, "DuckDB"), b"\xde\xc0\xef\xbe": (16, "LMDB")}
"""Databases without an online backup: their magic bytes, where these are, and their name."""


@dataclass
class PackReport:
    """The content of an archive. Lists name at most MAX_NAMED paths.

    `databases` were saved by SQLite's online backup. `changing` were written all the time, and may be torn.
    `unsupported` are other databases, saved as plain files. `damaged` are those that SQLite cannot open, saved
    with their journals as they were at one moment. `skipped` could not be read, are no files, or too large.
    """

    version: int = VERSION
    files: int = 0
    bytes: int = 0
    databases: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@dataclass
class UnpackReport:
    """The result of unpacking.

    `complete`: the archive had its manifest, and as many files as that says. `broken_databases` were whole when
    they were packed. `doubtful` were not packed, changed all the time, or were damaged already.
    """

    files: int = 0
    bytes: int = 0
    complete: bool = False
    refused: list[str] = field(default_factory=list)
    broken_databases: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def _name(names: list[str], path: str, most: int = MAX_NAMED) -> None:
    if len(names) < most:
        names.append(path[:200])


class Packer:
    """Writes folders into one archive.

    Files with which it would exceed `limit` bytes are skipped, if that is not 0.
    """

    def __init__(self, output: IO[bytes], *, databases: bool = True, limit: int = 0) -> None:
        self._tar = tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK_BYTES)  # noqa: SIM115
        self._databases, self._limit, self._written = databases, limit, 0
        self.report = PackReport()

    def add_folder(self, folder: Path, prefix: str = PREFIX, leave_out: frozenset[Path] = frozenset()) -> None:
        """Add everything in a folder, without following links."""
        again: list[tuple[Path, str]] = []
        for path, info in _entries(folder, leave_out):
            name = f"{prefix}/{path.relative_to(folder)}"
            if info is None:
                _name(self.report.skipped, name)
            elif stat.S_ISDIR(info.st_mode):
                self._add_head(name, info, tarfile.DIRTYPE)
            elif stat.S_ISLNK(info.st_mode):
                self._add_link(path, name, info)
            elif stat.S_ISSOCK(info.st_mode):  # it has no content, and its program makes it again
                continue
            elif not stat.S_ISREG(info.st_mode) or _is_mostly_holes(info):
                _name(self.report.skipped, name)
            elif not self._is_journal(path):
                self._add_file(path, name, again)
        for _ in range(MAX_TRIES):
            again = [(path, name) for path, name in again if not self._add_again(path, name)]
        for _, name in again:
            _name(self.report.changing, name)

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
            _name(self.report.skipped, name)
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
                    _name(self.report.skipped, name)

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
        """Add a database as it is at one moment. OSError if nobody can copy it like that: it is not added torn."""
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
            _name(self.report.databases, name)
        else:
            _name(self.report.damaged, name, MAX_DAMAGED)

    def _add_plain(self, path: Path, name: str, *, again: bool = False) -> bool:
        """Add a file as it is. Return False if it changed meanwhile."""
        for _ in range(MAX_TRIES):
            with _open_regular(path) as file:
                before = os.fstat(file.fileno())
                if (age := time.time() - before.st_mtime) < RACY_SECONDS:
                    time.sleep(min(RACY_SECONDS, max(0.0, RACY_SECONDS - age)))
                    before = os.fstat(file.fileno())
                if before.st_size > WHOLE_FILE_BYTES:
                    self._add_open(file, name, before, count=not again)
                    self._name_unsupported(file, name)
                    return _same(before, os.fstat(file.fileno()))
                content = _read_exactly(file, before.st_size)
                stable = _same(before, os.fstat(file.fileno()))
                if not stable and not again:
                    continue
                self._add_open(io.BytesIO(content), name, before, count=not again)
                self._name_unsupported(file, name)
                return stable
        with _open_regular(path) as last:
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
                _name(self.report.unsupported, name)

    def _add_open(self, file: IO[bytes], name: str, info: os.stat_result, *, count: bool = True) -> None:
        # The app may have made it larger since it was listed.
        if _is_mostly_holes(info) or (self._limit and self._written + info.st_size > self._limit):
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
        head = _head(name, info, tarfile.REGTYPE)
        head.size = info.st_size
        self._written += head.size
        if count:
            self.report.bytes += head.size
        content = _Padded(file, head.size)
        self._tar.addfile(head, content)  # type: ignore[arg-type]  # it only reads
        if content.failed:
            _name(self.report.skipped, name)

    def _add_head(self, name: str, info: os.stat_result, kind: bytes, link: str = "") -> None:
        head = _head(name, info, kind)
        head.linkname = link
        self._tar.addfile(head)


class _Padded:
    """A file of which exactly `size` bytes are read, even if it becomes shorter or longer meanwhile.

    `failed`: the disk could not read it. The archive's other files are not lost with it.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left, self.failed = file, size, False

    def read(self, size: int) -> bytes:
        wanted = min(size, self._left)
        self._left -= wanted
        found = b""
        while len(found) < wanted:
            found += self._more(wanted - len(found)) or bytes(wanted - len(found))
        return found

    def _more(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError:
            self.failed = True
            return b""


def _open_regular(path: Path) -> IO[bytes]:
    """Open a regular file without following a link or waiting for a pipe.

    OSError if it is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return os.fdopen(handle, "rb", buffering=0)


def _head(name: str, info: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    head = tarfile.TarInfo(name)
    head.type, head.mode, head.mtime = kind, stat.S_IMODE(info.st_mode) & 0o777, info.st_mtime
    return head


def _entries(folder: Path, leave_out: frozenset[Path], depth: int = 0) -> Iterator[tuple[Path, os.stat_result | None]]:
    """Yield what is below a folder; None stands for what cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:  # removed meanwhile, or this machine has none
        return
    except OSError:
        if not depth:  # then nothing of it can be read
            raise
        yield folder, None
        return
    for name in names:
        path = folder / name
        if path in leave_out:
            continue
        try:
            info = path.lstat()
        except FileNotFoundError:
            continue
        except OSError:
            yield path, None
            continue
        yield path, info
        if stat.S_ISDIR(info.st_mode):
            if depth < MAX_DEPTH:
                yield from _entries(path, leave_out, depth + 1)
            else:
                yield path, None


def _is_mostly_holes(info: os.stat_result) -> bool:
    return info.st_size > SPARSE_BYTES and info.st_blocks * 512 < info.st_size // 4


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    content = b""
    while len(content) < size and (piece := file.read(size - len(content))):
        content += piece
    return content.ljust(size, b"\0")


def pack(folder: Path, output: IO[bytes]) -> PackReport:
    """Write an archive of a site's data.

    It has at most as many bytes as the disk of the data: more would be holes.
    """
    disk = os.statvfs(folder)
    packer = Packer(output, limit=disk.f_blocks * disk.f_frsize)
    packer.add_folder(folder)
    packer.finish()
    return packer.report


def unpack(folder: Path, source: IO[bytes], limit: int = 0, *, prefix: str = PREFIX) -> UnpackReport:
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
            if len(parts) < 2 or parts[0] != prefix or ".." in parts or len(parts) > MAX_DEPTH + 2:
                _name(report.refused, member.name)
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
            _name(report.refused, member.name)
    finally:
        os.close(within)


def broken_databases(folder: Path) -> list[str]:
    """Return the databases below a folder that SQLite's integrity check rejects."""
    import sqlite3
    from urllib.parse import quote

    found: list[str] = []
    for path, info in _entries(folder, frozenset()):
        if info is None or not stat.S_ISREG(info.st_mode) or not data_mirror.is_sqlite(path):
            continue
        try:
            address = f"file:{quote(os.fsencode(path))}?mode=rw"
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
                ok = database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlite3.Error:
            ok = False
        if not ok:
            _name(found, str(path.relative_to(folder)))
    return found


def main(words: list[str]) -> int:
    """Run the program, print its report, and return the exit code."""
    command, folder = words[0], Path(words[1])
    try:
        if command == "pack":
            print(json.dumps(asdict(pack(folder, sys.stdout.buffer))), file=sys.stderr, flush=True)
        else:
            report = unpack(folder, sys.stdin.buffer, int(words[2]))
            known = set(report.doubtful)
            report.broken_databases = [one for one in broken_databases(folder) if f"{PREFIX}/{one}" not in known]
            print(json.dumps(asdict(report)), file=sys.stderr, flush=True)
    except (OSError, tarfile.TarError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        print(json.dumps({"error": f"{getattr(error, 'filename', None) or folder}: {reason}"}), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
