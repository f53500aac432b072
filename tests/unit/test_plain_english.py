"""Test that all texts are plain English.

`python -m tests.plain_english` lists the faults.
"""

from __future__ import annotations

import ast

import pytest

from piwizard.answers.questions import Question
from piwizard.steps.registry import all_questions
from tests import plain_english

MAX_LABEL = 24


def test_no_forbidden_words() -> None:
    found = [str(one) for one in plain_english.forbidden_words()]
    assert not found, "\n".join(found)


def test_docstrings_start_with_a_verb_in_a_short_line() -> None:
    found = [str(one) for one in plain_english.docstring_faults()]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("question", all_questions(), ids=lambda question: question.key)
def test_question_has_short_label_and_one_sentence_of_help(question: Question) -> None:
    assert len(question.prompt) <= MAX_LABEL
    assert question.help
    assert plain_english.is_one_sentence(question.help)


@pytest.mark.parametrize(
    "text",
    [
        "Fixes what can be mended.",
        "The environment is built anew.",
        "Shall this be done?",
        "The run goes on.",
        "The run goes\non if you leave.",
        "A run that was gone on with",
        "The name leads elsewhere.",
        "The file holds already.",
        "12 looks, all is well",
        "Put it right",
        "piwizard looks at the router.",
        "The step is left out.",
        "Take it all back: it takes this back.",
        "A secret is made up.",
        "At most 253 letters",
        "nginx is told of each new certificate",
        "It works, also where there is no router",
        "The background lane",
    ],
)
def test_forbidden_phrase_is_found(text: str) -> None:
    assert list(plain_english.find_words(text))


@pytest.mark.parametrize(
    "text",
    [
        "We recommend this.",
        "The planet turns; the parallel lines end.",
        "The package is on hold.",
        "This goes on top of the others.",
        "The file take-back.sh",
        "The domain is marshalled and shallow.",
        "Each is told apart by its id.",
        "A list made up of numbers",
        "This stands for the site.",
        "nginx forwards requests.",
    ],
)
def test_ordinary_sentence_passes(text: str) -> None:
    assert not list(plain_english.find_words(text))


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        ('def f():\n    """Return the port."""', True),
        ('def f():\n    """Process the queue."""', True),
        ('def f():\n    """Returns the port."""', False),
        ('def f():\n    """What the port is."""', False),
        ('def f():\n    """The port."""', False),
        ('def f():\n    """`port` is the port."""', False),
        ('def f():\n    """PiwizardError if there is none."""', False),
        (f'def f():\n    """Return {"x" * 80}."""', False),
        ('class C:\n    """A port that is open."""', True),
        ('class C:\n    """What is open."""', False),
    ],
)
def test_docstring_rule(source: str, passes: bool) -> None:
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    assert (plain_english.docstring_fault(node) is None) is passes


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("The port, e.g. 80.", True),
        ("One sentence. Two sentences.", False),
        ("Minutes between updates (5 to 60)", True),
    ],
)
def test_sentences_are_counted(text: str, one: bool) -> None:
    assert plain_english.is_one_sentence(text) is one


def test_every_kind_of_text_is_checked(tmp_path, monkeypatch) -> None:
    for folder in ("piwizard/apps", "screens", "templates/nginx", "docs", "tests/unit/apps"):
        (tmp_path / folder).mkdir(parents=True)
    source = '"""Mend it."""\n# It goes\n# on.\nX = f"It leads to {1}."\nKEY = "mend"\n'
    files = {
        "piwizard/apps/module.py": source,
        "templates/nginx/site.j2": "{# built anew #}\n",
        "docs/one.md": "# What it does\n\nIt is told. `mend` is a key.\n",
        "README.md": "Fine.\n",
        "CHANGELOG.md": "Fine.\n",
        "install.sh": "say 'It goes on.'\n",
        "tests/unit/apps/test_it.py": "def test_mends_it(): ...\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(plain_english, "ROOT", tmp_path)
    plain_english.modules.cache_clear()
    try:
        found = [(one.path, one.line, one.package) for one in plain_english.forbidden_words()]
    finally:
        plain_english.modules.cache_clear()
    assert sorted(found) == [
        ("docs/one.md", 1, "docs/one.md"),
        ("docs/one.md", 3, "docs/one.md"),
        ("install.sh", 1, "install.sh"),
        ("piwizard/apps/module.py", 1, "piwizard/apps"),
        ("piwizard/apps/module.py", 2, "piwizard/apps"),
        ("piwizard/apps/module.py", 4, "piwizard/apps"),
        ("templates/nginx/site.j2", 1, "templates"),
        ("tests/unit/apps/test_it.py", 1, "tests/unit/apps"),
    ]
