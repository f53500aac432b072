"""Test the run log: whole lines, no secrets, readable while it grows."""

from __future__ import annotations

import json
import os
import shlex
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from piwizard.engine.run_log import PLAIN, EventReader, Recorder, read
from piwizard.system.secret_filter import HIDDEN, MIN_SECRET_CHARACTERS

FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
NASTY = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=MIN_SECRET_CHARACTERS, max_size=20
) | st.sampled_from(
    ['a"b\\c', "päss wörd", "'; rm -rf", "line\nbreak", "\\\\\\\\", "{}[]", "$HOME`x`", "tab\there", "\u2028four"]
)


def record(folder):
    return (folder / "events.jsonl").read_bytes()


def strings(value):
    """Return every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    return [text for inner in value for text in strings(inner)] if isinstance(value, list) else []


def test_emitted_events_are_read(tmp_path):
    recorder = Recorder(tmp_path / "run-1")
    recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": "häl\ud800lo"})
    recorder.emit({"event": "nonsense", "deep": [{"a": None}]})
    first, second = read(tmp_path / "run-1")
    assert (first["run"], first["event"], first["text"]) == ("run-1", "output", "häl?lo")
    assert second["deep"] == [{"a": None}]
    assert first["at"].endswith("Z")
    assert ((tmp_path / "run-1" / "events.jsonl").stat().st_mode & 0o777) == 0o600


@FEW
@given(secret=NASTY, around=st.lists(st.text(max_size=8), min_size=2, max_size=4))
def test_recorder_hides_secrets(tmp_path_factory, secret, around):
    """Hide secrets within one line; one that is split over two lines is not found."""
    folder = tmp_path_factory.mktemp("record") / "run"
    recorder = Recorder(folder, [secret])
    text = secret.join(around)
    recorder.emit(
        {
            "event": "output",
            "id": 1,
            "stream": "stdout",
            "text": text,
            "argv": ["x", f"--password={secret}"],
            "deep": {"a": [text]},
        }
    )
    (event,) = read(folder)
    shown = [one for one in strings([event["text"], event["argv"], event["deep"]]) if secret not in HIDDEN * 9]
    assert not [one for one in shown if secret in one]


@FEW
@given(secret=NASTY)
def test_recorder_hides_quoted_secrets(tmp_path_factory, secret):
    folder = tmp_path_factory.mktemp("record") / "run"
    recorder = Recorder(folder, [secret])
    for form in (repr(secret)[1:-1], json.dumps(secret)[1:-1], shlex.quote(secret), quote(secret)):
        recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": f"<{form}>"})
    assert {event["text"] for event in read(folder)} == {f"<{HIDDEN}>"}


def test_recorder_hides_nested_secrets_and_shows_short_ones(tmp_path):
    recorder = Recorder(tmp_path, ["pass", "passphrase", "abc"])
    recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": "passphrase pass abc"})
    (event,) = read(tmp_path)
    assert event["text"] == f"{HIDDEN} {HIDDEN} abc", (
        "a secret of three characters is not hidden: it is part of many words"
    )


def test_recorder_hides_secrets_added_later(tmp_path):
    recorder = Recorder(tmp_path, ["first-secret"])
    recorder.hide(["second-secret"])
    recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": "first-secret second-secret"})
    assert read(tmp_path)[0]["text"] == f"{HIDDEN} {HIDDEN}"


def test_recorder_keeps_fields_that_equal_a_secret(tmp_path):
    """Keep results and site names that equal a secret, since readers need them."""
    recorder = Recorder(tmp_path, ["done", "myflask", "nginx"])
    recorder.emit(
        {
            "event": "run-finished",
            "step": "nginx",
            "site": "myflask",
            "result": "done",
            "seconds": 1.0,
            "summary": "nginx is done",
        }
    )
    (event,) = read(tmp_path)
    assert (event["step"], event["site"], event["result"]) == ("nginx", "myflask", "done")
    assert event["summary"] == f"{HIDDEN} is {HIDDEN}"
    assert "text" not in PLAIN
    assert "argv" not in PLAIN


def test_reader_joins_a_long_line(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": "x" * (3 << 20)})
    recorder.emit({"event": "last"})
    assert [event["event"] for event in read(tmp_path)] == ["output", "last"]


@pytest.mark.parametrize("torn", [b'{"at": "2026', b"\0\0\0\0", b"\xff\xfe", b"[1, 2]", b'"word"'])
def test_reader_skips_torn_lines(tmp_path, torn):
    Recorder(tmp_path).emit({"event": "first"})
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(torn + b"\n")
    Recorder(tmp_path).emit({"event": "last"})
    assert [event["event"] for event in read(tmp_path)] == ["first", "last"]


def test_reader_stops_at_a_torn_last_line(tmp_path):
    Recorder(tmp_path).emit({"event": "first"})
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "half')
    assert [event["event"] for event in read(tmp_path)] == ["first"]


def test_reader_follows_byte_by_byte(tmp_path):
    recorder = Recorder(tmp_path / "whole")
    for number in range(3):
        recorder.emit({"event": "event", "number": number, "text": "ü"})
    content, growing, seen = record(tmp_path / "whole"), tmp_path / "growing.jsonl", []
    reader = EventReader(growing)
    assert list(reader.new()) == []
    for byte in content:
        with growing.open("ab") as file:
            file.write(bytes([byte]))
        seen += reader.new()
    assert [event["number"] for event in seen] == [0, 1, 2]
    assert reader.behind == 0


def test_full_disk_tears_only_one_line(tmp_path):
    """Tear only one line: /dev/full is a full disk, a size limit tears a write."""
    code = """
import os, resource, signal, sys
from pathlib import Path
from piwizard.engine.run_log import Recorder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
recorder = Recorder(Path(sys.argv[1]))
recorder.emit({"event": "first"})
size = os.stat(sys.argv[1] + "/events.jsonl").st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
recorder.emit({"event": "torn"})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.emit({"event": "last"})
os.dup2(os.open("/dev/full", os.O_WRONLY), recorder._file)
recorder.emit({"event": "lost"})
print("went on")
"""
    from tests.unit.child import child, hears

    with child(code, tmp_path / "run") as process:
        assert hears(process) == "went on"
    assert [event["event"] for event in read(tmp_path / "run")] == ["first", "last"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, os.strerror(28)), "The disk is full."),
        (OSError(30, os.strerror(30)), "The disk is read-only."),
        (RuntimeError(), "Something unforeseen happened: RuntimeError"),
        (KeyError("a"), "Something unforeseen happened: 'a'"),
    ],
)
def test_unforeseen_error_is_recorded(tmp_path, error, sentence):
    assert Recorder(tmp_path).unforeseen(error) == sentence
    said, traceback = read(tmp_path)
    assert said["message"] == sentence
    assert type(error).__name__ in traceback["text"]
