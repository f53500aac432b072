"""Test state.json: replaced whole; torn, missing, or of a newer version."""

from __future__ import annotations

import json

import pytest

from piwizard.engine.state import VERSION, State, key
from piwizard.errors import PiwizardError
from tests.unit.child import child, hears

READ_ON = """
import sys
from pathlib import Path
from piwizard.engine.state import State
while True:
    state = State(Path(sys.argv[1]))
    if state.trouble:
        print(state.trouble, flush=True)
        break
    if (entry := state.entry("app", "blog")) and entry.result == "done":
        print("whole", flush=True)
        break
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a state of two changes: nginx done, then the app running."""
    state = State(tmp_path / "lib")
    assert state.trouble == ""
    state.mark("nginx", None, "done", "run-1", "fine", 1.23)
    state.mark("app", "blog", "running", "run-2")
    return tmp_path / "lib"


def test_saved_state_is_read(folder):
    state = State(folder)
    assert state.trouble == ""
    assert (state.entry("nginx", None).result, state.entry("nginx", None).seconds) == ("done", 1.2)
    assert state.entry("app", "blog").run == "run-2"
    assert state.entry("app", None) is None
    assert key("app", "blog") == "blog/app"
    assert (folder / "state.json").stat().st_mode & 0o777 == 0o600


def test_forgotten(folder):
    State(folder).forget("app", "blog")
    State(folder).forget("app", "never-there")
    assert State(folder).entry("app", "blog") is None
    assert State(folder).entry("nginx", None)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"version": 1, "st', b"\0" * 100, b"[]", b"null", b"{}", b'{"version": 1, "steps": {"a": {"x": 1}}}',
     b'{"version": 1, "steps": []}', b"\xff\xfe", b'{"version": "1", "steps": {}}'],
)  # fmt: skip
def test_unreadable_state_uses_the_previous_one(folder, content):
    (folder / "state.json").write_bytes(content)
    state = State(folder)
    assert state.entry("nginx", None).result == "done"
    assert state.entry("app", "blog") is None, "the state before the last change"
    assert "state.json could not be read" in state.trouble
    assert "kept as state.json.unreadable" in state.trouble
    assert (folder / "state.json.unreadable").read_bytes() == content
    assert State(folder).trouble, "the warning stays until the next run"
    state.mark("app", "blog", "done", "run-3")
    again = State(folder)
    assert (again.trouble, again.entry("app", "blog").result) == ("", "done")


def test_state_of_a_newer_version_is_kept(folder):
    state = State(folder)
    whole = json.loads((folder / "state.json").read_text()) | {"version": VERSION + 1}
    (folder / "state.json").write_text(json.dumps(whole))
    before = {file: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(
        PiwizardError, match=r"state\.json was written by a newer version of piwizard and was not changed"
    ):
        State(folder)
    with pytest.raises(PiwizardError, match="newer version of piwizard"):
        state.mark("nginx", None, "done", "run-3")
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_unreadable_states_are_reported(folder):
    for name in ("state.json", "state.json.previous"):
        (folder / name).write_bytes(b"torn")
    state = State(folder)
    assert state.entry("nginx", None) is None
    assert "checks everything again" in state.trouble
    assert len(list(folder.glob("*.unreadable"))) == 2


def test_missing_state_uses_the_previous_one(folder):
    (folder / "state.json").unlink()
    state = State(folder)
    assert "state.json is missing" in state.trouble
    assert state.entry("nginx", None)


def test_reader_never_sees_a_partial_state(folder):
    with child(READ_ON, folder) as reader:
        state = State(folder)
        for number in range(40):
            state.mark("app", "blog", "running", f"run-{number}", "x" * 5000)
        state.mark("app", "blog", "done", "last")
        assert hears(reader) == "whole"
