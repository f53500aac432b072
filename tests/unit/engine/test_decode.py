"""Test reading events and journal entries, even those of other versions."""

from __future__ import annotations

import json

import pytest

from piwizard.engine import events, journal_entries
from piwizard.engine.event_format import line

OLD = {
    "apply-started": {"action": "apply", "steps": [["nginx", None]]},
    "background-started": {"steps": [["dhparam", None]], "started": "20260101T000000-0001"},
    "progress": {"text": "2 min so far"},
    "change-started": {"change": "Write a file", "kind": "file"},
    "command-started": {"argv": ["true"], "id": 1},
    "error": {"message": "It failed."},
}


@pytest.mark.parametrize("name", OLD)
def test_decode_reads_events_of_earlier_versions(name):
    found = events.decode(json.dumps({"event": name, "at": "", "run": "r"} | OLD[name]))
    assert found["event"] == name
    line(found)


def test_decode_leaves_unknown_events_and_fields_as_they_are():
    for raw in ({"event": "tomorrow", "a": [1]}, {"event": "note", "text": "x", "tomorrow": 1}):
        assert events.decode(json.dumps(raw)) == raw


@pytest.mark.parametrize("raw", ['{"event": "no', "3", "{}", '{"event": 3}', '{"event": "note"}'])
def test_decode_refuses_what_readers_could_not_use(raw):
    assert events.decode(raw) is None


def test_every_written_event_lists_its_required_fields():
    kinds = {kind for one in events.Event.__args__ for kind in one.__annotations__["event"].__args__}
    assert kinds - {"passed-over"} == events.REQUIRED.keys()
    assert events.REQUIRED["run-started"] == {"event", "step", "site", "plan"}


@pytest.mark.parametrize(
    "raw",
    [b"", b'{"kind": "file", "tar', b"[]", b'{"kind": "wrote", "target": "/x"}', b'{"kind": "file", "target": "/x"}'],
)
def test_decode_refuses_entries_that_undo_could_not_use(raw):
    assert journal_entries.decode(raw) is None


def test_decode_distinguishes_records_and_contents():
    written = journal_entries.decode(b'{"kind": "wrote", "target": "/x", "sha256": "ab"}')
    record = journal_entries.decode(b'{"kind": "tomorrow", "target": "/x", "before": {}}')
    assert (journal_entries.is_written(written), journal_entries.is_record(written)) == (True, False)
    assert (journal_entries.is_written(record), journal_entries.is_record(record)) == (False, True)
