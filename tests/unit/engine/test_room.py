"""The record does not grow with what a stranger's code prints."""

from __future__ import annotations

import sys

from piwizard.engine import events, room
from piwizard.engine.events import Recorder
from piwizard.engine.journal import Backups, Journal
from piwizard.engine.room import Room
from piwizard.engine.work import Working

FLOOD = "import sys; [print('x' * 50_000) for _ in range(40)]; print('the last word')"


def test_a_line_that_is_too_long_is_cut():
    kept = Room().for_line("y" * 50_000_000)
    assert kept is not None
    assert len(kept) < room.LONGEST_LINE + 100
    assert kept.endswith("more letters)")


def test_a_flood_ends_where_there_is_no_room_any_more(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MOST", 100_000)
    backups = Backups(tmp_path / "backups")
    recorder = Recorder(tmp_path / "run")
    work = Working(recorder, backups, Journal(backups.folder, "app", None), overwrite=False)
    result = work.command((sys.executable, "-c", FLOOD))
    assert (tmp_path / "run" / "events.jsonl").stat().st_size < 200_000
    assert result.tail[-1] == "the last word"
    said = events.read(tmp_path / "run")
    assert any("further lines are not in the record" in one.get("text", "") for one in said if one["event"] == "note")
