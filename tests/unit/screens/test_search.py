"""Places in a record too long for memory: found, loaded, and addressed as the blocks in memory are."""

from __future__ import annotations

import pytest

from piwizard.engine.run_log import EventReader, Recorder
from piwizard.screens.log import log_search, run_watch
from piwizard.screens.log.log_builder import LogBuilder
from piwizard.screens.log.log_model import LINES_OF_A_BLOCK
from piwizard.screens.log.run_watch import RunWatch

LINES = 6000


@pytest.fixture
def record(tmp_path):
    """Three commands, of which the second is long and fails."""
    recorder = Recorder(tmp_path / "run")
    recorder.emit({"event": "apply-started", "action": "apply", "steps": [["system", None]]})
    recorder.emit({"event": "run-started", "step": "system", "site": None, "plan": [{}]})
    recorder.emit({"event": "change-started", "number": 1, "change": "Make it work", "kind": "command"})
    for number, lines in ((1, 3), (2, LINES), (3, 3)):
        recorder.emit({"event": "command-started", "id": number, "argv": ["make", f"part{number}"]})
        for line in range(lines):
            if line == 1:
                recorder.emit({"event": "note", "text": f"A note in the middle of {number}"})
            colour = "\x1b[31mred\x1b[0m and " if line == 2 else ""
            recorder.emit(
                {"event": "output", "id": number, "stream": "out", "text": f"{colour}Line {line} of [{number}] «ä»"}
            )
        recorder.emit({"event": "command-finished", "id": number, "exit": int(number == 2), "seconds": 1.0})
    recorder.emit({"event": "error", "message": "It is over.", "hint": "Try the spanner."})
    return tmp_path / "run" / "events.jsonl"


def everything(record):
    """All of it as blocks in memory."""
    log, reader = LogBuilder(), EventReader(record)
    while reader.behind:
        log.take(reader.new())
    return log.blocks


def shown(blocks, place):
    block = next(one for one in blocks if one.number == place[0])
    return block.title if place[1] < 0 else block.lines[place[1] - block.dropped][0]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("make part2", "$ make part2"),
        ("LINE 2500 of [2]", "Line 2500 of [2] «ä»"),
        ("red and line 2 of [2]", "red and Line 2 of [2] «ä»"),
        ("Line 1 of [3] «Ä»", "Line 1 of [3] «ä»"),
        ("middle of 2", "A note in the middle of 2"),
        ("spanner", "! It is over."),
    ],
)
def test_found_and_shown(record, words, found):
    place = log_search.find(record, words, (0, -1))
    assert shown(log_search.part(record, place), place) == found


def test_addresses_are_those_of_the_blocks_in_memory(record):
    blocks = everything(record)
    long = next(block for block in blocks if block.title == "$ make part2")
    assert long.dropped >= LINES - LINES_OF_A_BLOCK * 5 // 4
    for line in (long.dropped, LINES - 1):
        place = log_search.find(record, f"Line {line} of [2]", (0, -1))
        assert place == (long.number, line)
        row = long.row_of(line, 60)
        assert long.rows(60)[row][0].startswith(f"Line {line} of")
        assert long.line_at(row, 60) == line
    assert long.row_of(long.dropped - 1, 60) == -1
    assert long.line_at(0, 60) == -1


def test_what_was_passed_over_is_counted_where_it_belongs(record, monkeypatch):
    monkeypatch.setattr(run_watch, "FAR_BEHIND", 0)
    seen = RunWatch(record)
    while not seen.caught_up:
        seen.advance()
    commands = {block.title: block.dropped for block in seen.log.blocks if block.title.startswith("$")}
    assert commands == {"$ make part1": 3, "$ make part2": LINES, "$ make part3": 3}


def test_forth_and_back_and_around(record):
    places = [log_search.find(record, "line 1 of", (0, -1))]
    for _ in range(3):
        places.append(log_search.find(record, "line 1 of", places[-1]))
    assert places == [*sorted(set(places)), places[0]]
    assert len(set(places)) == 3
    back = log_search.find(record, "line 1 of", places[2], backwards=True)
    assert back == places[1]
    assert log_search.find(record, "line 1 of", places[0], backwards=True) == places[2]
    assert log_search.find(record, "nowhere to be seen", (0, -1)) is None


def test_the_first_failure_is_the_last_line_of_what_failed(record):
    place = log_search.first_failure(record)
    assert shown(log_search.part(record, place), place) == f"Line {LINES - 1} of [2] «ä»"


def test_an_exit_that_was_allowed_is_no_failure(tmp_path):
    recorder = Recorder(tmp_path / "run")
    recorder.emit({"event": "run-started", "step": "system", "site": None, "plan": [{}]})
    for number, more in ((1, {"allowed": True}), (2, {})):
        recorder.emit({"event": "command-started", "id": number, "argv": ["make", f"part{number}"]})
        recorder.emit({"event": "output", "id": number, "stream": "out", "text": f"Words of {number}"})
        recorder.emit({"event": "command-finished", "id": number, "exit": 1, "seconds": 1.0, **more})
    record = tmp_path / "run" / "events.jsonl"
    place = log_search.first_failure(record)
    assert shown(log_search.part(record, place), place) == "Words of 2"
    allowed, failed = [block for block in everything(record) if block.title.startswith("$")]
    assert (allowed.right, allowed.failed) == ("1.0 s exit 1", False)
    assert (failed.right, failed.failed) == ("1.0 s exit 1 ✗", True)


def test_what_somebody_reads_stays(record):
    reader, log = EventReader(record), LogBuilder()
    log.take(reader.new(8192))
    log.hold(True)
    before = [(block.title, list(block.lines)) for block in log.blocks]
    while reader.behind:
        log.take(reader.new(8192))
    assert log.view is not None
    now = [(block.title, list(block.lines)) for block in log.view]
    for (title, lines), (old_title, old_lines) in zip(now, before, strict=False):
        assert (title, lines[: len(old_lines)]) == (old_title, old_lines)
    log.hold(False)
    assert log.view is None


def test_a_torn_line_and_no_record(record, tmp_path):
    with record.open("ab") as file:
        file.write(b'{"at": "2026", "event": "outp')
    assert log_search.find(record, "spanner", (0, -1))
    with pytest.raises(OSError, match="events"):
        log_search.find(tmp_path / "none" / "events.jsonl", "x", (0, -1))
