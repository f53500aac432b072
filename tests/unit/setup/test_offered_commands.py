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


def test_accepted_package_and_time_are_added_to_their_answers(answers):
    package = OfferedCommand("t", "s", "q", "redis-server", ("ffmpeg", "redis-server"), "app.packages")
    time = OfferedCommand("t", "s", "q", ("daily 03:00", "flask clean"), key="app.schedule")
    other = OfferedCommand("t", "s", "q", ("hourly", "python log.py"), key="app.schedule")
    offered_commands.keep("blog", [package, time], answers)
    offered_commands.keep("blog", [other], answers)
    store = AnswerStore(answers)
    assert store.get("blog", "app.packages") == ["ffmpeg", "redis-server"]
    assert store.get("blog", "app.schedule") == {"daily 03:00": "flask clean", "hourly": "python log.py"}


def test_commands_that_are_accepted_one_by_one_all_count(answers):
    for one in (INIT, SEED):
        offered_commands.keep("blog", [one], answers)
    assert AnswerStore(answers).get("blog", "app.init") == [*INIT.answer, "flask seed"]
