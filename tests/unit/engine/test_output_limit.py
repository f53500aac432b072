"""Test that the output of untrusted code does not grow the run log without limit."""

from __future__ import annotations

import sys

import pytest

from piwizard.changes.base import ChangeFailed
from piwizard.engine import apply_context, run_log
from piwizard.engine.apply_context import RunApplyContext
from piwizard.engine.backups import Backups
from piwizard.engine.run_log import Recorder
from piwizard.engine.undo_journal import Journal
from piwizard.system.pipes import MAX_LINE_CHARACTERS, MAX_TAIL_LINE_CHARACTERS

FLOOD = "import sys; [print('x' * 50_000) for _ in range(40)]; print('the last word')"


def test_flood_of_output_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(apply_context, "MOST_OUTPUT", 100_000)
    backups = Backups(tmp_path / "backups")
    recorder = Recorder(tmp_path / "run")
    work = RunApplyContext(recorder, backups, Journal(backups.folder, "app", None), overwrite=False)
    result = work.command((sys.executable, "-c", FLOOD))
    assert (tmp_path / "run" / "events.jsonl").stat().st_size < 200_000
    assert result.tail[-1] == "the last word"
    said = run_log.read(tmp_path / "run")
    assert any("more lines were not logged" in one.get("text", "") for one in said if one["event"] == "note")


def test_long_output_line_becomes_a_short_error(tmp_path):
    hostile = r"import sys; sys.stdout.buffer.write(b'\x1b[2J\xff\x00[red]' * 200_000); sys.exit(1)"
    backups = Backups(tmp_path / "backups")
    work = RunApplyContext(Recorder(tmp_path / "run"), backups, Journal(backups.folder, "app", None), overwrite=False)
    with pytest.raises(ChangeFailed) as failed:
        work.command((sys.executable, "-c", hostile))
    assert len(failed.value.message) < 2 * MAX_TAIL_LINE_CHARACTERS
    assert (tmp_path / "run" / "events.jsonl").stat().st_size < 10 * MAX_LINE_CHARACTERS
