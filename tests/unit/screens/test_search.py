"""Test positions in a log too long for memory: search, loading and numbering."""

from __future__ import annotations

import pytest

from piwizard.engine.run_log import EventReader, Recorder
from piwizard.screens.widgets import log_search, run_watch
from piwizard.screens.widgets.log_builder import LogBuilder
from piwizard.screens.widgets.log_model import KEPT_BLOCK_LINES
from piwizard.screens.widgets.run_watch import RunWatch

LINES = 6000


@pytest.fixture
def events_file(tmp_path):
    """Return the events of three commands, of which the second is long and fails."""
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


def everything(events_file):
    """Return the whole log as blocks in memory."""
    log, reader = LogBuilder(), EventReader(events_file)
    while reader.behind:
        log.take(reader.new())
    return log.blocks


def shown(blocks, position):
    block = next(one for one in blocks if one.number == position[0])
    return block.title if position[1] < 0 else block.lines[position[1] - block.dropped][0]


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
def test_search_result_is_loaded(events_file, words, found):
    position = log_search.find_text(events_file, words, (0, -1))
    assert shown(log_search.load_part(events_file, position), position) == found


def test_positions_equal_those_of_blocks_in_memory(events_file):
    blocks = everything(events_file)
    long = next(block for block in blocks if block.title == "$ make part2")
    assert long.dropped >= LINES - KEPT_BLOCK_LINES * 5 // 4
    for line in (long.dropped, LINES - 1):
        position = log_search.find_text(events_file, f"Line {line} of [2]", (0, -1))
        assert position == (long.number, line)
        row = long.row_of(line, 60)
        assert long.rows(60)[row][0].startswith(f"Line {line} of")
        assert long.line_at(row, 60) == line
    assert long.row_of(long.dropped - 1, 60) == -1
    assert long.line_at(0, 60) == -1


def test_skipped_output_is_counted_in_its_command(events_file, monkeypatch):
    monkeypatch.setattr(run_watch, "FAR_BEHIND_BYTES", 0)
    seen = RunWatch(events_file)
    while not seen.caught_up:
        seen.advance()
    commands = {block.title: block.dropped for block in seen.log.blocks if block.title.startswith("$")}
    assert commands == {"$ make part1": 3, "$ make part2": LINES, "$ make part3": 3}


def test_search_goes_both_ways_and_wraps(events_file):
    positions = [log_search.find_text(events_file, "line 1 of", (0, -1))]
    for _ in range(3):
        positions.append(log_search.find_text(events_file, "line 1 of", positions[-1]))
    assert positions == [*sorted(set(positions)), positions[0]]
    assert len(set(positions)) == 3
    back = log_search.find_text(events_file, "line 1 of", positions[2], backwards=True)
    assert back == positions[1]
    assert log_search.find_text(events_file, "line 1 of", positions[0], backwards=True) == positions[2]
    assert log_search.find_text(events_file, "nowhere to be seen", (0, -1)) is None


def test_first_failure_is_last_line_of_failed_command(events_file):
    position = log_search.find_first_failure(events_file)
    assert shown(log_search.load_part(events_file, position), position) == f"Line {LINES - 1} of [2] «ä»"


def test_first_failure_of_python_is_its_last_traceback(tmp_path):
    recorder = Recorder(tmp_path / "run")
    recorder.emit({"event": "run-started", "step": "app", "site": "blog", "plan": [{}]})
    said = {
        1: (("Traceback (most recent call last):", "of another command"), 0),
        2: (
            (
                "begin",
                "Traceback (most recent call last):",
                "Traceback (most recent call last):",
                '  File "a"',
                "Error",
            ),
            1,
        ),
    }
    for number, (lines, code) in said.items():
        recorder.emit({"event": "command-started", "id": number, "argv": ["python", f"{number}"]})
        for line in lines:
            recorder.emit({"event": "output", "id": number, "stream": "err", "text": line})
        recorder.emit({"event": "command-finished", "id": number, "exit": code, "seconds": 1.0})
    events_file = tmp_path / "run" / "events.jsonl"
    block, line = log_search.find_first_failure(events_file)
    assert line == 2
    assert shown(log_search.load_part(events_file, (block, line + 2)), (block, line + 2)) == "Error"


def test_allowed_exit_code_is_no_failure(tmp_path):
    recorder = Recorder(tmp_path / "run")
    recorder.emit({"event": "run-started", "step": "system", "site": None, "plan": [{}]})
    for number, more in ((1, {"allowed": True}), (2, {})):
        recorder.emit({"event": "command-started", "id": number, "argv": ["make", f"part{number}"]})
        recorder.emit({"event": "output", "id": number, "stream": "out", "text": f"Words of {number}"})
        recorder.emit({"event": "command-finished", "id": number, "exit": 1, "seconds": 1.0, **more})
    events_file = tmp_path / "run" / "events.jsonl"
    position = log_search.find_first_failure(events_file)
    assert shown(log_search.load_part(events_file, position), position) == "Words of 2"
    allowed, failed = [block for block in everything(events_file) if block.title.startswith("$")]
    assert (allowed.right, allowed.failed) == ("1.0 s exit 1", False)
    assert (failed.right, failed.failed) == ("1.0 s exit 1 ✗", True)


def test_lines_in_view_stay_while_user_reads(events_file):
    reader, log = EventReader(events_file), LogBuilder()
    log.take(reader.new(8192))
    log.set_reading(True)
    before = [(block.title, list(block.lines)) for block in log.blocks]
    while reader.behind:
        log.take(reader.new(8192))
    assert log.view is not None
    now = [(block.title, list(block.lines)) for block in log.view]
    for (title, lines), (old_title, old_lines) in zip(now, before, strict=False):
        assert (title, lines[: len(old_lines)]) == (old_title, old_lines)
    log.set_reading(False)
    assert log.view is None


def test_incomplete_line_and_missing_file(events_file, tmp_path):
    with events_file.open("ab") as file:
        file.write(b'{"at": "2026", "event": "outp')
    assert log_search.find_text(events_file, "spanner", (0, -1))
    with pytest.raises(OSError, match="events"):
        log_search.find_text(tmp_path / "none" / "events.jsonl", "x", (0, -1))
