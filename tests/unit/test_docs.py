"""What the documents say of the answers is what piwizard takes."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.cli.main import cli
from piwizard.steps.registry import STEPS, all_questions

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ANSWERS = (ROOT / "docs/answers.md").read_text()
PROMISES = 56
"""There are no fewer of them: a promise that is dropped needs a reason."""
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


def layers_of_tests() -> dict[str, set[str]]:
    """Each test's layers by its name: its folder below tests/, or nightly where it is marked so."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for one in ast.walk(ast.parse(file.read_text())):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
                marked = any(ast.unparse(mark) == "pytest.mark.nightly" for mark in one.decorator_list)
                found[one.name].add("nightly" if marked else file.relative_to(ROOT / "tests").parts[0])
    return found


def promises() -> list[tuple[str, set[str], set[str]]]:
    """The rows of the table of promises: the promise, the tests, the layers."""
    table = (ROOT / "docs/architecture.md").read_text().partition("## Promises")[2]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    return [
        (promise, set(re.findall(r"`(test_\w+)`", tests)), set(layers.split(", ")))
        for promise, tests, layers in (row for row in rows if not row[0].startswith("---"))
    ]


def test_promises_name_tests_that_exist_in_the_layers_that_are_named() -> None:
    found = layers_of_tests()
    assert len(promises()) >= PROMISES
    for promise, tests, layers in promises():
        assert tests <= found.keys(), (promise, tests - found.keys())
        assert {layer for test in tests for layer in found[test]} == layers, promise


def test_security_names_tests_that_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text()))
    assert named
    assert named <= layers_of_tests().keys(), named - layers_of_tests().keys()
