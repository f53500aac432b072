"""Test that old run logs are removed, except the last one of each step."""

from __future__ import annotations

import os

import pytest

from piwizard.engine.retention import prune_versions
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
