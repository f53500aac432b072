"""Test that the program decides by ids, kinds and keys, never by sentences."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = (Path("piwizard"), Path("screens"))
SENTENCES = frozenset({"advice", "cause", "detail", "hint", "message", "sentence", "summary"})
"""Attributes, and fields of events, that hold text for a person."""
NAMED = frozenset({"check", "finding"})
"""Objects with a `name` for people beside their `id`."""
READS = frozenset({"startswith", "endswith", "removeprefix", "removesuffix", "replace", "split", "rsplit", "partition"})
READS |= {"rpartition", "splitlines", "find", "index", "count"}
PATTERNS = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "split"})
UNCHANGED = frozenset({"lower", "casefold", "strip"})
"""Methods whose result is the same sentence."""
READERS_OF_OTHER_PROGRAMS: frozenset[str] = frozenset()
"""Modules in which such an attribute is text of another program, not of piwizard. None needs this today."""


def is_sentence(node: ast.AST) -> bool:
    """Return whether an expression is the text of a check, a finding, an error or an event."""
    match node:
        case ast.Attribute(attr="name", value=ast.Name(id=owner)):
            return owner in NAMED
        case ast.Attribute(attr=attr):
            return attr in SENTENCES
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key in SENTENCES
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return key in SENTENCES
        case ast.Call(func=ast.Attribute(attr=method, value=inner)):
            return method in UNCHANGED and is_sentence(inner)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return is_sentence(inner)
    return False


def decides(node: ast.AST) -> bool:
    """Return whether an expression depends on the wording of a sentence."""
    match node:
        case ast.Call(func=ast.Attribute(attr=method, value=owner), args=args):
            return (method in READS and is_sentence(owner)) or (method in PATTERNS and any(map(is_sentence, args)))
        case ast.Compare(left=left, ops=ops, comparators=others):
            by_wording = any(isinstance(one, ast.In | ast.NotIn | ast.Eq | ast.NotEq) for one in ops)
            return by_wording and any(map(is_sentence, (left, *others)))
        case ast.Match(subject=subject):
            return is_sentence(subject)
    return False


def decisions(source: str) -> Iterator[int]:
    """Yield the lines of a module that decide by a sentence."""
    for node in ast.walk(ast.parse(source)):
        if decides(node):
            yield node.lineno  # type: ignore[attr-defined]


def modules() -> list[Path]:
    """Return every module of piwizard, each once."""
    return [path for folder in SOURCE for path in sorted(folder.rglob("*.py")) if "sample" not in path.parts]


@pytest.mark.parametrize("path", modules(), ids=str)
def test_module_decides_by_no_sentence(path: Path) -> None:
    found = [] if str(path) in READERS_OF_OTHER_PROGRAMS else list(decisions(path.read_text()))
    assert not found, f"{path} reads sentences in lines {found}: give what is told apart an id, a kind or a key"


@pytest.mark.parametrize(
    "line",
    [
        'if check.detail.startswith("no"): pass',
        'if "500" in check.detail: pass',
        'if error.message == "gone": pass',
        'if error.message.lower().endswith("gone"): pass',
        'words = refusal.message.removeprefix("app.repo: ")',
        'words = refusal.sentence.replace(" for now", "")',
        "if PATTERN.match(error.message): pass",
        'if "gone" in event["message"]: pass',
        'if str(event.get("hint")).split(): pass',
        'if finding.name in ("site answers",): pass',
        'match status.summary:\n    case "gone": pass',
    ],
)
def test_planted_decision_is_found(line: str) -> None:
    assert list(decisions(line))


@pytest.mark.parametrize(
    "line",
    [
        'text = f"{check.name}: {check.detail}"',
        "if not error.hint: pass",
        'if check.id == "site-answers": pass',
        "if error.key == place.key: pass",
        "message = error.message.strip()",
    ],
)
def test_showing_a_sentence_is_no_decision(line: str) -> None:
    assert not list(decisions(line))
