"""What the documents say of the answers is what piwizard takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.cli.main import cli
from piwizard.steps.registry import STEPS, all_questions

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ANSWERS = (ROOT / "docs/answers.md").read_text()
EXAMPLES = [
    (name, text)
    for name in ("docs/answers.md", "README.md")
    for text in re.findall(r"^```toml\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
]


def test_every_question_is_described_and_nothing_else() -> None:
    described = re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \| ", ANSWERS, re.MULTILINE)
    assert sorted(described) == sorted(question.key for question in all_questions())


def test_required_is_what_is_required() -> None:
    said = re.findall(r"^\| `([a-z0-9_.]+)` \| required \|", ANSWERS, re.MULTILINE)
    assert sorted(said) == sorted(question.key for question in all_questions() if question.required)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_examples_are_taken(name: str, text: str) -> None:
    taken = file_reader.parse(text, all_questions(), name)
    assert taken.sites


def test_some_example_uses_every_key() -> None:
    used = [file_reader.parse(text, all_questions()) for _, text in EXAMPLES]
    keys = {key for file in used for values in (file.machine, *file.sites.values()) for key in values}
    assert keys == {question.key for question in all_questions()}


def test_the_steps_of_the_readme() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \| ", README.partition("## With an answers file")[0], re.MULTILINE)
    assert named == [step.name for step in STEPS]


def test_every_command_is_in_the_readme() -> None:
    named = set(re.findall(r"^\| `piwizard ([a-z]+)", README, re.MULTILINE))
    assert named == {name for name, command in cli.commands.items() if not command.hidden}


def test_links_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


@pytest.mark.parametrize("document", ["architecture.md", "security.md"])
def test_the_tests_behind_the_promises_exist(document: str) -> None:
    named = set(re.findall(r"`(test_[a-z_]+)`", (ROOT / f"docs/{document}").read_text()))
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named
    assert named <= there, named - there
