"""Test that a whole report has no value of an app, and stays readable."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from piwizard.diagnosis import report as reporting
from piwizard.engine.run_log import Recorder, read
from piwizard.setup import workspace
from piwizard.system import commands, paths
from piwizard.system.commands import Result

ANSWERS = """
# API_OLD = "comment-of-yesterday"
[site]
name = "blog"
domains = ["blog.example.net"]
[app]
repo = "https://forge.example.net/me/blog"
[app.env]
GREETING = "hunter2" # a comment that tells
DATABASE = "postgres://me:tulip%21red@db/blog"
PIN = "4711"
DEBUG = "1"
MODE = "production"
MINE = { env = "MINE" }
[sites.wiki.app]
repo = "https://forge.example.net/me/wiki"
env = { ORCHID = "white-orchid-99" }
"""
TOLD = ("hunter2", "tulip%21red", "tulip!red", "4711", "white-orchid-99", "comment-of-yesterday", "comment that tells")
WORDS = "GREETING=hunter2, tulip!red PIN 4711 white-orchid-99 DEBUG=1 in production \x1b[2J\u202e"


@pytest.fixture
def machine(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up answers, a run log, and a journal in which an app has printed its values."""
    paths.answers_file().parent.mkdir(parents=True)
    paths.answers_file().write_text(ANSWERS)
    planner = workspace.planner(None)
    recorder = Recorder(own_places / "log" / "20260101T000000-abcd", planner.secrets())
    recorder.emit({"event": "command-started", "id": 1, "argv": ["flask", "greet", "hunter2"], "user": "blog"})
    recorder.emit({"event": "output", "id": 1, "stream": "stdout", "text": WORDS})
    run = commands.run

    def said(argv, **options):
        if argv[0] == "journalctl":
            return Result(tuple(argv), 0, f"blog gunicorn[1]: {WORDS}\n", "", (), 0.0)
        return run(argv, **options)

    monkeypatch.setattr(commands, "run", said)
    return own_places


def test_no_value_of_an_app_is_in_a_report(machine: Path) -> None:
    texts = dict(reporting.redacted())
    for name, text in texts.items():
        assert not [told for told in TOLD if told in text], name
        assert all(line.isprintable() for line in text.split("\n")), name
    assert {"versions.txt", "answers.toml", "journal.txt", "runs/20260101T000000-abcd.jsonl"} <= texts.keys()


def test_report_stays_readable(machine: Path) -> None:
    texts = dict(reporting.redacted())
    answers = tomllib.loads(texts["answers.toml"])
    hidden = {"not_shown": True}
    names = ("GREETING", "DATABASE", "PIN", "DEBUG", "MODE")
    assert answers["app"]["env"] == {**dict.fromkeys(names, hidden), "MINE": {"env": "MINE"}}
    assert answers["sites"]["wiki"]["app"]["env"] == {"ORCHID": hidden}
    assert answers["site"]["name"] == "blog"
    assert "DEBUG=secret-" in texts["journal.txt"]
    assert " in production" in texts["journal.txt"], "a common word stays unless it is beside its name"
    assert [json.loads(line)["event"] for line in texts["runs/20260101T000000-abcd.jsonl"].splitlines()] == [
        "command-started", "output",
    ]  # fmt: skip


def test_no_value_of_an_app_is_in_a_run_log(machine: Path) -> None:
    record = machine / "log" / "20260101T000000-abcd"
    assert not [told for told in TOLD if told in (record / "events.jsonl").read_text()]
    started, output = read(record)
    assert started["argv"] == ["flask", "greet", "•••"]
    assert output["text"].endswith(" in production \x1b[2J\u202e")
    assert b"\xe2\x80\xae" not in (record / "events.jsonl").read_bytes()
