"""Test that old run logs are removed, except the last one of each step."""

from __future__ import annotations

import os

import pytest

from piwizard.changes.hand_edits import HandEditsKept
from piwizard.engine.backups import Backups
from piwizard.engine.retention import compact_journals, prune_versions
from piwizard.engine.run_log import prune
from piwizard.engine.state import State
from piwizard.engine.undo_journal import Journal


@pytest.fixture
def logs(tmp_path):
    """Make ten run logs of 100 bytes each, the oldest first."""
    for number in range(10):
        (tmp_path / f"run-{number}").mkdir()
        (tmp_path / f"run-{number}" / "events.jsonl").write_bytes(b"x" * 100)
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def left(logs):
    return sorted(path.name for path in logs.iterdir() if path.is_dir())


def test_newest_logs_stay(logs):
    prune(logs, (), runs=3)
    assert left(logs) == ["run-7", "run-8", "run-9"]
    assert (logs / "notes.txt").exists()


def test_logs_are_limited_by_size(logs):
    prune(logs, (), size=450)
    assert left(logs) == ["run-6", "run-7", "run-8", "run-9"]


def test_last_log_of_a_step_stays(logs, tmp_path_factory):
    state = State(tmp_path_factory.mktemp("state"))
    state.mark("nginx", None, "done", "run-1")
    state.mark("app", "myflask", "failed", "run-4")
    prune(logs, state.runs(), runs=1)
    assert left(logs) == ["run-1", "run-4", "run-9"]


def test_cleanup_without_logs_does_nothing(tmp_path):
    prune(tmp_path / "none", ())


def test_versions_that_undo_needs_stay_and_of_others_the_newest(tmp_path):
    backups, path = tmp_path / "backups", tmp_path / "nginx.conf"
    path.write_bytes(b"theirs")
    Journal(backups, "nginx", None).writing(path, b"ours")
    (needed,) = (backups / "originals").iterdir()
    for folder in ("originals", "answers"):
        (backups / folder).mkdir(exist_ok=True)
        for number in range(5):
            version = backups / folder / f"version-{number}"
            version.write_bytes(b"x" * 100)
            os.utime(version, (number, number))
    os.utime(needed, (0, 0))
    prune_versions(backups, versions=3)
    kept = {"version-2", "version-3", "version-4"}
    assert {one.name for one in (backups / "originals").iterdir()} == {needed.name, *kept}
    assert {one.name for one in (backups / "answers").iterdir()} == kept
    prune_versions(backups, size=250)
    assert {one.name for one in (backups / "answers").iterdir()} == {"version-3", "version-4"}
    assert needed.exists()


def test_journals_stay_small_and_undo_keeps_its_records(tmp_path):
    backups, path, current = tmp_path / "backups", tmp_path / "unit", tmp_path / "current"
    path.write_bytes(b"theirs")
    for number in range(60):
        journal = Journal(backups, "gunicorn", "blog")
        release = tmp_path / f"release-{number}"
        journal.remember(HandEditsKept.kind, str(release), {"site": "blog"})
        content = b"first" if number % 2 else b"version-%d" % number
        journal.writing(path, content)
        journal.linking(current, release.name)
    (tmp_path / "release-59").mkdir()
    path.write_bytes(b"version-2")  # a version that was rolled back to
    current.symlink_to("release-3")
    before = Journal(backups, "gunicorn", "blog").entries()
    compact_journals(backups, written=10)
    after = Journal(backups, "gunicorn", "blog")
    rest = iter(before)
    assert all(one in rest for one in after.entries()), "another order"
    assert len(after.entries()) == 11 + 11 + 3
    assert [one["kind"] for one in after.records()] == ["file", "link", HandEditsKept.kind]
    assert after.original(after.records()[0]) == b"theirs"
    assert not Backups(backups).edited(path)
    assert not Backups(backups).edited(current)
    path.write_bytes(b"by hand")
    assert Backups(backups).edited(path)


def test_journal_is_not_written_again_for_few_entries_or_in_a_transaction(tmp_path):
    backups, path = tmp_path / "backups", tmp_path / "unit"
    for number in range(30):
        Journal(backups, "gunicorn", "blog").writing(path, b"version-%d" % (number % 2))
    (file,) = backups.glob("*/*/journal.jsonl")
    before = file.read_bytes()
    compact_journals(backups)
    assert file.read_bytes() == before
    (backups / "unfinished").mkdir()
    (backups / "unfinished" / "blog-service.json").touch()
    compact_journals(backups, dropped=1)
    assert file.read_bytes() == before, "a file may still be rolled back to an earlier content"
    (backups / "unfinished" / "blog-service.json").unlink()
    compact_journals(backups, dropped=1)
    assert len(Journal(backups, "gunicorn", "blog").entries()) == 3
