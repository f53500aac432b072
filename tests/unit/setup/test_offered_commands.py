"""Test found commands that need an answer: asked for by name, saved as answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.changes.base import Preview
from piwizard.changes.command import Notice, OfferedCommand
from piwizard.cli import apply
from piwizard.setup import offered_commands
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.preview import Previewed
from piwizard.steps.registry import StepInstance, step_named

ANSWERS = '[site]\nname = "blog"\n\n[app]\nrepo = "https://example.org/blog.git"  # mine\n'
INIT = OfferedCommand(
    "t", "`flask init-db` was found.", "Run `flask init-db` once? It may delete data (app.py line 12)",
    "flask --app app init-db", ("flask --app app db upgrade", "flask --app app init-db"),
)  # fmt: skip
SEED = OfferedCommand("t", "`flask seed` was found.", "Run `flask seed` once?", "flask seed",
                      ("flask --app app db upgrade", "flask seed"))  # fmt: skip


def plans(*changes):
    place = StepInstance(step_named("app"), "blog")
    return [(place, [Previewed(change, Preview(in_sync=True)) for change in changes])]


@pytest.fixture
def answers(own_places) -> Path:
    path = own_places / "answers.toml"
    path.write_text(ANSWERS)
    return path


def test_notices_are_listed_once():
    assert offered_commands.sentences(plans(INIT, Notice("t", "A server."), INIT)) == [
        "`flask init-db` was found.",
        "A server.",
    ]


def test_accepted_command_is_added_after_the_automatic_ones(answers, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "y")
    assert apply._ask_for_commands(plans(INIT, SEED), answers)
    assert asked == [
        "Run `flask init-db` once? It may delete data (app.py line 12) [y/N] ",
        "Run `flask seed` once? [y/N] ",
    ]
    kept = AnswerStore(answers).get("blog", "app.init")
    assert kept == ["flask --app app db upgrade", "flask --app app init-db", "flask seed"]
    assert "# mine" in answers.read_text()


@pytest.mark.parametrize("said", ["", "n", "no", "--yes", "perhaps"])
def test_other_input_declines_the_command(answers, monkeypatch, said):
    monkeypatch.setattr("builtins.input", lambda text: said)
    assert not apply._ask_for_commands(plans(INIT), answers)
    assert answers.read_text() == ANSWERS


def test_missing_terminal_declines_the_command(answers, monkeypatch):
    def no_terminal(text: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_terminal)
    assert not apply._ask_for_commands(plans(INIT), answers)
