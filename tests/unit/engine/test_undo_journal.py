"""Test the undo journal: originals kept once, torn lines ignored."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path

import pytest

from piwizard.engine.backups import Backups
from piwizard.engine.undo_journal import Journal
from piwizard.errors import PiwizardError
from piwizard.system import files


@pytest.fixture
def journal(backups):
    return Journal(backups, "nginx", None)


def file_of(backups, step="nginx", site="_machine"):
    return backups / site / step / "journal.jsonl"


def test_first_entry_of_a_file_counts(journal, backups):
    journal.remember("unit", "nginx.service", {"running": False})
    journal.remember("unit", "nginx.service", {"running": True})
    journal.remember("link", "nginx.service", {"target": None})
    again = Journal(backups, "nginx", None)
    again.remember("unit", "nginx.service", {"running": True})
    assert [(one["kind"], one["before"]) for one in again.records()] == [
        ("unit", {"running": False}),
        ("link", {"target": None}),
    ]


def test_original_is_kept_once(journal, backups, tmp_path):
    path = tmp_path / "nginx.conf"
    path.write_bytes(b"theirs")
    path.chmod(0o640)
    kept = journal.writing(path, b"ours")["kept"]
    assert Path(kept).read_bytes() == b"theirs"
    path.write_bytes(b"ours")
    assert journal.writing(path, b"ours too") is None
    first, *_ = journal.records()
    assert first["before"]["mode"] == 0o640
    assert journal.original(first) == b"theirs"
    known = Backups(backups)
    assert [known.wrote(path, files.digest(text)) for text in (b"theirs", b"ours", b"ours too", b"edited")] == [
        True,
        True,
        True,
        False,
    ]
    assert known.owns(path)
    assert not known.owns(tmp_path / "other")


def test_backups_list_every_step_and_site(backups, tmp_path):
    Journal(backups, "site", "blog").writing(tmp_path / "a", b"a")
    Journal(backups, "gunicorn", "shop").writing(tmp_path / "b", b"b")
    known = Backups(backups)
    assert known.wrote(tmp_path / "a", files.digest(b"a"))
    assert known.wrote(tmp_path / "b", files.digest(b"b"))


@pytest.mark.parametrize("torn", [b'{"kind": "fi', b"\0" * 40, b"[]", b"7", b"{}", b"\xff"])
def test_torn_journal_line_is_ignored(journal, backups, torn):
    journal.remember("unit", "a", {})
    with file_of(backups).open("ab") as file:
        file.write(torn)
    again = Journal(backups, "nginx", None)
    assert [one["target"] for one in again.records()] == ["a"]
    again.remember("unit", "b", {})
    assert [one["target"] for one in Journal(backups, "nginx", None).records()] == ["a", "b"]


def test_incomplete_journal_entry_is_an_error(journal, backups):
    """Fail before the change if its journal entry could not be written whole."""
    journal.remember("unit", "a", {})
    size = file_of(backups).stat().st_size
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            journal.remember("unit", "b", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [one["target"] for one in Journal(backups, "nginx", None).records()] == ["a"]


def test_forgotten(journal, backups, tmp_path):
    journal.writing(tmp_path / "a", b"a")
    journal.forget()
    assert journal.records() == []
    assert not Backups(backups).owns(tmp_path / "a")
    journal.remember("unit", "a", {})
    assert json.loads(file_of(backups).read_text())["target"] == "a"


def test_missing_backup_is_reported(journal, backups, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"theirs")
    Path(journal.writing(path, b"ours")["kept"]).unlink()
    with pytest.raises(PiwizardError, match=str(path)):
        journal.original(journal.records()[0])
