"""Test the output of commands on terminals with different encodings."""

from __future__ import annotations

import io
import json
import sys

import pytest

from piwizard.cli import output
from piwizard.errors import PiwizardError
from piwizard.setup.state_symbols import ASCII_STATE_SYMBOLS, STATE_SYMBOLS
from piwizard.setup.status import Status
from piwizard.steps.registry import StepInstance, step_named


@pytest.fixture
def terminal(monkeypatch):
    """Replace stdout and stderr by streams with an encoding; the result reads what was written to each."""

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
def test_json_output_is_valid_in_any_encoding(terminal, encoding):
    written = terminal(encoding)
    output.error(PiwizardError("Straße ✓ — “x”", key="app.repo", hint="日本"), as_json=True)
    output.show_event({"event": "output", "text": "•••\x1b[2J"}, as_json=True)
    first, second = map(json.loads, written("stdout").splitlines())
    assert first == {"error": {"message": "Straße ✓ — “x”", "key": "app.repo", "hint": "日本"}}
    assert second["text"] == "•••\x1b[2J"
    assert written("stderr") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_text_output_has_no_control_characters_in_any_encoding(terminal, encoding):
    written = terminal(encoding)
    states = list(STATE_SYMBOLS)
    output.show_status([status(state, "… \x1b[2J•\nsecond line") for state in states])
    output.error(PiwizardError("git said: \x1b]0;owned\x07✗", hint="“fix” it"), as_json=False)
    output.show_event({"event": "note", "text": "✓ \x9b31m"}, as_json=False)
    assert len(written("stdout").splitlines()) == len(states) + 1
    assert written("stderr").startswith("piwizard: git said: ")
    assert not {"\x1b", "\x07", "\x9b"} & set(written("stdout") + written("stderr"))


def test_every_state_has_a_symbol():
    assert STATE_SYMBOLS.keys() == ASCII_STATE_SYMBOLS.keys()
    assert len(set(ASCII_STATE_SYMBOLS.values())) == len(ASCII_STATE_SYMBOLS)
    assert "".join(ASCII_STATE_SYMBOLS.values()).isascii()


def test_warnings_go_to_stderr(terminal):
    written = terminal("utf-8")
    output.warn("state.json is missing.")
    output.warn("")
    assert (written("stdout"), written("stderr")) == ("", "piwizard: state.json is missing.\n")


def test_name_of_a_run_that_nobody_follows_is_printed_in_both_forms(capsys):
    output.say_started("20261130T120000-000001", as_json=False)
    assert "20261130T120000-000001" in capsys.readouterr().out
    output.say_started("20261130T120000-000001", as_json=True)
    assert json.loads(capsys.readouterr().out)["run"] == "20261130T120000-000001"
