"""Test events as lines, which never change the state of a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piwizard.engine.event_format import line
from piwizard.system.printable import is_visible, terminal_line

NASTY = st.text() | st.lists(
    st.sampled_from(
        ["\x1b[31m",
         "\x1b]0;title\x07", "\x1b[2J", "\x9b1m", "\r", "\b", "\x07", "\u202e", "\x1b(B", "\x1bP", "word", "\x1b"]
    )
).map("".join)  # fmt: skip


def controls(text):
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\t\n"]


@given(NASTY)
def test_text_has_no_control_characters(text):
    assert controls(terminal_line(text)) == []
    assert "\n" not in terminal_line(text)


@given(NASTY)
def test_event_line_has_no_control_characters(text):
    at = {"at": "", "run": "r"}
    events = [
        {"event": "run-started", "step": text, "site": text},
        {"event": "change-started", "change": text},
        {"event": "change-skipped", "change": text},
        {"event": "command-started", "argv": ["x", text]},
        {"event": "output", "text": text},
        {"event": "file-written", "path": text, "backup": None},
        {"event": "path-altered", "path": text, "did": text},
        {"event": "note", "text": text},
        {"event": "check", "ok": False, "name": text, "detail": text},
        {"event": "error", "message": text, "hint": text},
        {"event": "run-finished", "result": text, "seconds": 1.0, "summary": text},
    ]
    for event in events:
        said = line(at | event)
        assert said is not None
        assert controls(said) == []


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])).filter(lambda text: all(map(is_visible, text))))
def test_printable_text_stays(text):
    assert terminal_line(text) == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[1m\x1b[32mok\x1b[0m", "ok"),
        ("10%\r50%\r100%\r", "100%"),
        ("a\tb", "a    b"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("Straße ✓ 日本", "Straße ✓ 日本"),
    ],
)
def test_progress_line_is_reduced_to_its_final_text(said, shown):
    assert terminal_line(said) == shown


def test_event_without_text_has_no_line():
    assert line({"event": "command-finished", "exit": 0, "seconds": 1.0}) is None
    assert line({"event": "from-a-newer-piwizard"}) is None
    assert line({"event": "traceback", "text": "…"}) is None


def test_event_lines_are_readable():
    began = {"event": "run-started", "step": "certbot", "site": "blog", "title": "Certificate (blog)"}
    assert line(began) == "\n== Certificate (blog)"
    assert line({"event": "run-started", "step": "site", "site": "blog", "undo": True}) == "\n== Undo site (blog)"
    assert line({"event": "command-started", "argv": ["touch", "a b"]}) == "   $ touch 'a b'"
    assert line({"event": "command-finished", "exit": 3, "seconds": 1.25}) == "     (exit code 3 after 1.2 s)"
    assert line({"event": "error", "message": "It failed.", "hint": None}) == "   ! It failed."
