"""Test the archive of a site's data: consistent while the app writes, and harmless to unpack."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from piwizard.backups import data_archive
from piwizard.backups.data_archive import MANIFEST, Packer, broken_databases, pack, unpack

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
    assert pack(data, io.BytesIO()).skipped == ["data/holes", "data/pipe"]


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


def test_program_reports_an_error_as_json(tmp_path: Path) -> None:
    argv = ["/usr/bin/python3", "-I", data_archive.__file__, "unpack", str(tmp_path), "0"]
    done = subprocess.run(argv, input=b"no archive", capture_output=True, check=False)
    assert done.returncode == 1
    assert "error" in json.loads(done.stderr.splitlines()[-1])


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
