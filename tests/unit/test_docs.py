"""Test that the documents match the code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from piwizard.answers import file_reader
from piwizard.cli.main import cli
from piwizard.steps.registry import STEPS, all_questions

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ANSWERS = (ROOT / "docs/answers.md").read_text()
MIN_PROMISES = 59
"""Rows of the table in docs/architecture.md, which may only grow."""
MIN_CLAIMS = 83
"""Rows of claims with tests in docs/security.md, which may only grow."""
EXAMPLES = [
    (name, text)
    for name in ("docs/answers.md", "README.md")
    for text in re.findall(r"^```toml\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
]


def test_every_question_is_described_and_nothing_else() -> None:
    described = re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \| ", ANSWERS, re.MULTILINE)
    assert sorted(described) == sorted(question.key for question in all_questions())


def test_required_answers_are_marked() -> None:
    said = re.findall(r"^\| `([a-z0-9_.]+)` \| required \|", ANSWERS, re.MULTILINE)
    assert sorted(said) == sorted(question.key for question in all_questions() if question.required)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_examples_are_accepted(name: str, text: str) -> None:
    taken = file_reader.parse(text, all_questions(), name)
    assert taken.sites


def test_some_example_uses_every_key() -> None:
    used = [file_reader.parse(text, all_questions()) for _, text in EXAMPLES]
    keys = {key for file in used for values in (file.machine, *file.sites.values()) for key in values}
    assert keys == {question.key for question in all_questions()}


def test_readme_lists_the_steps() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \| ", README.partition("## With an answers file")[0], re.MULTILINE)
    assert named == [step.name for step in STEPS]


def test_every_command_is_in_the_readme() -> None:
    named = set(re.findall(r"^\| `piwizard ([a-z]+)", README, re.MULTILINE))
    assert named == {name for name, command in cli.commands.items() if not command.hidden}


def test_relative_links_exist() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


@pytest.mark.parametrize("document", ["architecture.md", "security.md"])
def test_promises_name_existing_tests(document: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / f"docs/{document}").read_text()))
    there = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named
    assert named <= there, named - there


def layers_of_tests() -> dict[str, set[str]]:
    """Return each test's layers by its name: its folder below tests/, or nightly where it is marked so."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for one in ast.walk(ast.parse(file.read_text())):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
                marked = any(ast.unparse(mark) == "pytest.mark.nightly" for mark in one.decorator_list)
                found[one.name].add("nightly" if marked else file.relative_to(ROOT / "tests").parts[0])
    return found


def test_promises_name_the_layers_of_their_tests() -> None:
    layers = layers_of_tests()
    header = "| promise | layers | test |\n| --- | --- | --- |\n"
    table = (ROOT / "docs/architecture.md").read_text().partition(header)[2]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert len(rows) >= MIN_PROMISES
    for promise, named, tests in rows:
        expected = set().union(*(layers.get(name, set()) for name in re.findall(r"`(test_\w+)`", tests)))
        if "`python -m " in tests:
            expected.add("by hand")
        assert set(named.split(", ")) == expected, promise


def test_layers_are_those_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    table = (ROOT / "docs/architecture.md").read_text().partition("| layer | content |\n| --- | --- |\n")[2]
    rows = re.findall(r"^\| (`[^|]+`) \| ", table.partition("\n\n")[0], re.MULTILINE)
    described = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    assert described == [set(re.split(r" [|:] ", layer)) - {"__main__"} for layer in layers]


@pytest.mark.parametrize("document", ["architecture.md", "security.md", "development.md"])
def test_files_named_in_documents_exist(document: str) -> None:
    text = (ROOT / "docs" / document).read_text()
    for path in re.findall(r"`([a-z]\w*/[\w/.-]+\.(?:py|j2|lock|md|sh))`", text):
        assert any((ROOT / folder / path).exists() for folder in ("", "piwizard")), path


@pytest.mark.parametrize(("document", "minimum"), [("architecture.md", MIN_PROMISES), ("security.md", MIN_CLAIMS)])
def test_each_row_about_tests_is_unique(document: str, minimum: int) -> None:
    text = (ROOT / "docs" / document).read_text()
    rows = [line.rpartition(" | ")[::2] for line in text.splitlines() if "`test_" in line and line.startswith("| ")]
    assert len(rows) >= minimum
    assert len({claim for claim, _ in rows}) == len(rows)
    lists = [tests for _, tests in rows if ", " in tests]
    assert len(set(lists)) == len(lists), "a merge has left the old and the new row of a claim"
