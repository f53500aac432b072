"""Test the archive of a site's data: consistent while the app writes, and harmless to unpack."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from piwizard.apps import data_mirror
from piwizard.backups import data_archive, live_files
from piwizard.backups.archive_packer import Packer, pack
from piwizard.backups.archive_report import MANIFEST, PackReport, UnpackReport, encode_report
from piwizard.backups.archive_unpacker import broken_databases, unpack
from piwizard.backups.site_archive import read_report
from piwizard.system.commands import Result
from piwizard.system.pipes import MAX_LINE_CHARACTERS

WRITER = """\
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
database.execute("PRAGMA journal_mode=" + sys.argv[2])
database.execute("CREATE TABLE IF NOT EXISTS pairs (one INTEGER, other INTEGER, pad BLOB)")
database.commit()
print("ready", flush=True)
number = 0
while True:
    number += 1
    with database:
        database.execute("INSERT INTO pairs VALUES (?, ?, randomblob(3000))", (number, -number))
        database.execute("UPDATE pairs SET pad = randomblob(3000) WHERE one % 7 = ?", (number % 7,))
        database.execute("DELETE FROM pairs WHERE one < ?", (number - 200,))
"""


def _archive(folder: Path) -> io.BytesIO:
    output = io.BytesIO()
    pack(folder, output)
    output.seek(0)
    return output


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_database_is_never_torn_while_the_app_writes(tmp_path: Path, mode: str) -> None:
    _snapshots_under_load(tmp_path, mode, 8)


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_two_hundred_archives_under_load_have_no_torn_database(tmp_path: Path, mode: str) -> None:
    _snapshots_under_load(tmp_path, mode, 200)


def _snapshots_under_load(tmp_path: Path, mode: str, count: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    argv = [sys.executable, "-c", WRITER, str(data / "app.db"), mode]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            for number in range(count):
                restored = tmp_path / f"restored-{number}"
                restored.mkdir()
                report = unpack(restored, _archive(data))
                assert report.complete
                assert not list(restored.glob("*-wal"))
                assert broken_databases(restored) == []
                with sqlite3.connect(restored / "app.db") as database:
                    assert database.execute("SELECT count(*) FROM pairs WHERE one != -other").fetchone() == (0,)
            assert writer.poll() is None
        finally:
            writer.kill()


LOCKER = """\
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=" + sys.argv[2])
database.execute("PRAGMA locking_mode=EXCLUSIVE")
database.execute("CREATE TABLE pairs (one INTEGER)")
with database:
    database.executemany("INSERT INTO pairs VALUES (?)", [(number,) for number in range(1000)])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_locked_database_is_saved_with_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    for limit in ("LOCK_TIMEOUT_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(data_mirror, limit, 0.1)
    data, restored, output = tmp_path / "data", tmp_path / "restored", io.BytesIO()
    data.mkdir()
    restored.mkdir()
    argv = [sys.executable, "-c", LOCKER, str(data / "app.db"), mode]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "ready\n"
        report = pack(data, output)
        locker.kill()
    assert (report.damaged, report.databases, report.skipped) == (["data/app.db"], [], [])
    output.seek(0)
    found = unpack(restored, output)
    assert found.complete
    assert found.doubtful == ["data/app.db"]
    with sqlite3.connect(restored / "app.db") as database:
        assert database.execute("SELECT count(*) FROM pairs").fetchone() == (1000,)


def test_locked_database_that_keeps_changing_is_omitted_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app.db", "app.db-wal"):
        (tmp_path / name).write_bytes(data_mirror.SQLITE_HEADER + b"no database of SQLite")
    (tmp_path / "note").write_text("hello")
    copy = data_mirror._copy_with_holes

    def copy_while_it_changes(source: Path, target: Path) -> None:
        copy(source, target)
        with (tmp_path / "app.db-wal").open("ab") as journal:
            journal.write(b"more")

    monkeypatch.setattr(data_mirror, "_copy_with_holes", copy_while_it_changes)
    output = io.BytesIO()
    report = pack(tmp_path, output)
    assert (report.skipped, report.damaged, report.files) == (["data/app.db"], [], 1)
    with tarfile.open(fileobj=io.BytesIO(output.getvalue())) as archive:
        assert archive.getnames() == ["data/note", MANIFEST]


def test_database_that_was_damaged_when_it_was_saved_is_restored_as_it_was(tmp_path: Path) -> None:
    data, restored = tmp_path / "data", tmp_path / "restored"
    data.mkdir()
    restored.mkdir()
    content = data_mirror.SQLITE_HEADER + b"encrypted, or damaged long ago"
    (data / "app.db").write_bytes(content)
    archive = _archive(data)
    argv = [sys.executable, data_archive.__file__, "unpack", str(restored), "0"]
    said = subprocess.run(argv, input=archive.getvalue(), stderr=subprocess.PIPE, check=True).stderr
    report = json.loads(said.splitlines()[-1])
    assert (report["complete"], report["broken_databases"], report["doubtful"]) == (True, [], ["data/app.db"])
    assert (restored / "app.db").read_bytes() == content


def test_file_that_changes_is_packed_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").write_text("short")
    text = {letter: letter * (6 << 20) for letter in "xy"}
    (data / "large").write_text(text["x"])
    stop = threading.Event()

    class Output(io.BytesIO):
        def write(self, content: object) -> int:
            if not stop.is_set() and self.tell() > 3 << 20:
                stop.set()
                (data / "large").write_text(text["y"])
            return super().write(content)  # type: ignore[arg-type]

    output = Output()
    report = pack(data, output)
    output.seek(0)
    assert report.changing == []
    (tmp_path / "restored").mkdir()
    assert unpack(tmp_path / "restored", output).complete
    assert (tmp_path / "restored" / "large").read_text() == text["y"]


def test_pipes_and_holes_are_named_and_skipped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.mkfifo(data / "pipe")
    with (data / "holes").open("wb") as file:
        file.truncate(1 << 40)
    os.mknod(data / "socket", 0o600 | stat.S_IFSOCK)
    assert pack(data, io.BytesIO()).skipped == ["data/holes", "data/pipe"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_journal_beside_no_database_is_packed(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "notes"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(place)
    for name in ("notes-journal", ".-wal"):
        (tmp_path / name).write_text("a file of the app")
    assert pack(tmp_path, io.BytesIO()).files == 2


def test_file_that_became_something_else_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("link", "pipe", "whole"):
        (tmp_path / name).write_text("text")
    listed = list(live_files.list_entries(tmp_path, frozenset()))
    for name in ("link", "pipe"):
        (tmp_path / name).unlink()
    (tmp_path / "link").symlink_to("whole")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(live_files, "list_entries", lambda *words: iter(listed))
    report = pack(tmp_path, io.BytesIO())
    assert (report.files, report.skipped) == (1, ["data/link", "data/pipe"])


def test_file_that_became_mostly_holes_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_text("text")
    listed = list(live_files.list_entries(tmp_path, frozenset()))
    os.truncate(tmp_path / "log", 1 << 40)
    monkeypatch.setattr(live_files, "list_entries", lambda *words: iter(listed))
    assert pack(tmp_path, io.BytesIO()).skipped == ["data/log"]


def test_holes_of_many_files_do_not_exceed_the_limit(tmp_path: Path) -> None:
    for number in range(4):
        with (tmp_path / str(number)).open("wb") as file:
            file.truncate(5 << 20)
    output = io.BytesIO()
    packer = Packer(output, limit=11 << 20)
    packer.add_folder(tmp_path)
    packer.finish()
    assert (packer.report.files, packer.report.skipped) == (2, ["data/2", "data/3"])
    assert len(output.getvalue()) < 12 << 20


def test_large_file_that_the_disk_cannot_read_is_named() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, os.strerror(5))
            return super().read(100)

    content = live_files.PaddedFile(Broken(bytes(200)), 200)
    assert content.read(200) == bytes(200)
    assert content.failed


def test_unreadable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "note").write_text("text")
    listdir = os.listdir

    def refusing(folder: Path) -> list[str]:
        if folder.name == "closed":
            raise PermissionError(13, os.strerror(13), str(folder))
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refusing)
    report = pack(tmp_path, io.BytesIO())
    assert (report.files, report.skipped) == (1, ["data/closed"])


def test_entry_in_a_closed_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note").write_text("text")

    def refusing(path: Path) -> os.stat_result:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "lstat", refusing)
    assert pack(tmp_path, io.BytesIO()).skipped == ["data/note"]


def test_folder_too_deep_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_files, "MAX_DEPTH", 1)
    (tmp_path / "1" / "2" / "3").mkdir(parents=True)
    assert pack(tmp_path, io.BytesIO()).skipped == ["data/1/2"]


def test_data_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(folder: Path) -> list[str]:
        raise PermissionError(13, os.strerror(13), str(folder))

    monkeypatch.setattr(os, "listdir", refusing)
    with pytest.raises(PermissionError):
        pack(tmp_path, io.BytesIO())


def test_end_of_the_reader_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(6 << 20))

    class Output(io.BytesIO):
        ended = False

        def write(self, content: object) -> int:
            if not self.ended:
                self.ended = True
                raise BrokenPipeError(32, os.strerror(32))
            return super().write(content)  # type: ignore[arg-type]

    with pytest.raises(BrokenPipeError):
        Packer(Output()).add_folder(tmp_path)


def test_other_databases_are_named(tmp_path: Path) -> None:
    (tmp_path / "stats.duckdb").write_bytes(bytes(8) + b"DUCK" + bytes(100))
    assert pack(tmp_path, io.BytesIO()).unsupported == ["data/stats.duckdb"]


def test_incomplete_archive_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "note").write_text("hello")
    output = io.BytesIO()
    packer = Packer(output)
    packer.add_folder(tmp_path / "data")
    packer._tar.close()
    output.seek(0)
    (tmp_path / "restored").mkdir()
    assert not unpack(tmp_path / "restored", output).complete


@pytest.mark.parametrize("name", ["../outside", "data/../../outside", "/outside", "other/file", "data"])
def test_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "restored"
    target.mkdir()
    report = unpack(target, _hostile((name, tarfile.REGTYPE, "")))
    assert report.refused == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["restored"]


def test_file_below_a_link_is_refused(tmp_path: Path) -> None:
    target, outside = tmp_path / "restored", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    with pytest.raises(OSError, match=r"directory|symbolic"):
        unpack(target, _hostile(("data/a", tarfile.SYMTYPE, str(outside)), ("data/a/file", tarfile.REGTYPE, "")))
    assert list(outside.iterdir()) == []


def test_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "restored").mkdir()
    assert unpack(tmp_path / "restored", _hostile(("data/disk", tarfile.BLKTYPE, ""))).refused == ["data/disk"]


def test_archive_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large").write_bytes(bytes(2 << 20))
    (tmp_path / "restored").mkdir()
    with pytest.raises(OSError, match="space"):
        unpack(tmp_path / "restored", _archive(tmp_path / "data"), 1 << 20)


def test_file_that_grows_in_the_archive_counts_for_the_limit(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    archive = io.BytesIO()
    packer = Packer(archive)
    for size in (0, 1 << 20, 2 << 20):
        packer.add_bytes("data/log", bytes(size))
    packer.report.files = 1
    packer.finish()
    archive.seek(0)
    with pytest.raises(OSError, match="space"):
        unpack(tmp_path / "data", archive, 3 << 19)
    archive.seek(0)
    report = unpack(tmp_path / "data", archive, 2 << 20)
    assert (report.complete, report.bytes) == (True, 2 << 20)


def test_program_reports_an_error_as_json(tmp_path: Path) -> None:
    argv = ["/usr/bin/python3", "-I", data_archive.__file__, "unpack", str(tmp_path), "0"]
    done = subprocess.run(argv, input=b"no archive", capture_output=True, check=False)
    assert done.returncode == 1
    assert "error" in json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("names", [1000, 20])
def test_report_with_long_names_fits_in_a_line_that_is_read(names: int) -> None:
    report = UnpackReport(5, 6, complete=True, doubtful=[f"{number}\0{'é' * 190}" for number in range(names)])
    line = encode_report(report)
    assert len(line) < MAX_LINE_CHARACTERS
    read = read_report(UnpackReport, Result((), 0, "", "", (), 1.0), line, "")
    assert (read.files, read.bytes, read.complete) == (5, 6, True)
    assert read.doubtful == report.doubtful[: len(read.doubtful)] != []


@pytest.mark.parametrize(
    "said",
    [
        '{"files": [1], "bytes": "many", "databases": 7, "version": {}}',
        '{"files": -1, "bytes": 1' + "0" * 400 + "}",
        f'{{"files": {"[" * 4000}',
        "{",
    ],
)
def test_report_of_a_hostile_app_has_the_usual_types(said: str) -> None:
    assert read_report(PackReport, Result((), 0, "", "", (), 1.0), said, "") == PackReport()


def _hostile(*members: tuple[str, bytes, str]) -> io.BytesIO:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for name, kind, link in members:
            head = tarfile.TarInfo(name)
            head.type, head.linkname = kind, link
            archive.addfile(head)
        head = tarfile.TarInfo(MANIFEST)
        head.size = 2
        archive.addfile(head, io.BytesIO(b"{}"))
    output.seek(0)
    return output
