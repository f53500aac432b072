"""What the commands print, on terminals of all kinds."""

from __future__ import annotations

import io
import json
import sys

import pytest

from piwizard.cli import output
from piwizard.errors import PiwizardError
from piwizard.setup.status import ASCII_STATE_SYMBOLS, STATE_SYMBOLS, Status
from piwizard.steps.registry import StepInstance, step_named


@pytest.fixture
def terminal(monkeypatch):
    """Takes the place of stdout and stderr, in an encoding; gives what was written to each."""

    def made(encoding):
        streams = {}
        for name in ("stdout", "stderr"):
            streams[name] = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
            monkeypatch.setattr(sys, name, streams[name])

        def written(name):
            streams[name].flush()
            return streams[name].buffer.getvalue().decode(encoding)

        return written

    return made


def status(state, summary):
    return Status(StepInstance(step_named("nginx"), None), state, summary=summary)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_json_in_any_encoding(terminal, encoding):
    written = terminal(encoding)
    output.error(PiwizardError("Straße ✓ — “x”", key="app.repo", hint="日本"), as_json=True)
    output.show_event({"event": "output", "text": "•••\x1b[2J"}, as_json=True)
    first, second = map(json.loads, written("stdout").splitlines())
    assert first == {"error": {"message": "Straße ✓ — “x”", "key": "app.repo", "hint": "日本"}}
    assert second["text"] == "•••\x1b[2J"
    assert written("stderr") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_nothing_breaks_a_narrow_terminal(terminal, encoding):
    written = terminal(encoding)
    states = list(STATE_SYMBOLS)
    output.show_status([status(state, "… \x1b[2J•\nsecond line") for state in states])
    output.error(PiwizardError("git said: \x1b]0;owned\x07✗", hint="“mend” it"), as_json=False)
    output.show_event({"event": "note", "text": "✓ \x9b31m"}, as_json=False)
    assert len(written("stdout").splitlines()) == len(states) + 1
    assert written("stderr").startswith("piwizard: git said: ")
    assert not {"\x1b", "\x07", "\x9b"} & set(written("stdout") + written("stderr"))


def test_every_state_has_a_symbol():
    assert STATE_SYMBOLS.keys() == ASCII_STATE_SYMBOLS.keys()
    assert len(set(ASCII_STATE_SYMBOLS.values())) == len(ASCII_STATE_SYMBOLS)
    assert "".join(ASCII_STATE_SYMBOLS.values()).isascii()


def test_warnings_are_not_on_stdout(terminal):
    written = terminal("utf-8")
    output.warn("state.json is missing.")
    output.warn("")
    assert (written("stdout"), written("stderr")) == ("", "piwizard: state.json is missing.\n")


def test_what_nobody_foresaw_is_kept_for_root_alone(own_places):
    try:
        raise ValueError("of a kind")
    except ValueError as error:
        problem = output.unforeseen(error)
    file = own_places / "log" / "unforeseen.txt"
    assert problem.message == "Something unforeseen happened: of a kind"
    assert str(file) in problem.hint
    assert "ValueError: of a kind" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_kept_either(own_places):
    (own_places / "log").write_text("not a folder")
    problem = output.unforeseen(OSError(28, "No space left on device"))
    assert problem.message == "The disk is full."
    assert "could not be kept" in problem.hint
