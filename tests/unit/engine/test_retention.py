"""Test that old run logs are removed, except the last one of each step."""

from __future__ import annotations

import pytest

from piwizard.engine.run_log import prune
from piwizard.engine.state import State


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


def test_the_newest_stay(logs):
    prune(logs, (), runs=3)
    assert left(logs) == ["run-7", "run-8", "run-9"]
    assert (logs / "notes.txt").exists()


def test_only_as_many_as_fit(logs):
    prune(logs, (), size=450)
    assert left(logs) == ["run-6", "run-7", "run-8", "run-9"]


def test_the_last_record_of_a_step_stays(logs, tmp_path_factory):
    state = State(tmp_path_factory.mktemp("state"))
    state.mark("nginx", None, "done", "run-1")
    state.mark("app", "myflask", "failed", "run-4")
    prune(logs, state.runs(), runs=1)
    assert left(logs) == ["run-1", "run-4", "run-9"]


def test_no_records_yet(tmp_path):
    prune(tmp_path / "none", ())
