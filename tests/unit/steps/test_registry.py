"""Test the registry of steps, and that no other part knows a step by name."""

from __future__ import annotations

import ast
from pathlib import Path

from piwizard.steps.registry import STEPS, all_questions, needed_by

PACKAGE = Path(__file__).parents[3] / "piwizard"
NAMES = {step.name for step in STEPS}
ALLOWED = {
    "a table by gunicorn, nginx",  # programs that listen at ports
    "packages: tuple[str, ...] = ('certbot',)",  # of Debian
}


def sources():
    """Yield every module outside of steps/, with its tree; the screens through the link in the package."""
    for folder in (PACKAGE, PACKAGE / "screens"):
        for path in sorted(folder.rglob("*.py")):
            if path.relative_to(PACKAGE).parts[0] not in ("steps", "templates"):
                yield path, ast.parse(path.read_text())


def step_names(node):
    """Return the names of steps that a literal, or a tuple, list or set of literals, consists of."""
    if isinstance(node, ast.Constant):
        return {node.value} & NAMES if isinstance(node.value, str) else set()
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {name for inner in node.elts for name in step_names(inner)}
    return set()


def uses_by_name(tree):
    """Yield line and code of each decision by a step's name: a comparison, or a table with names as keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            about_steps = any("step" in ast.unparse(side) and not step_names(side) for side in sides)
            if about_steps and any(step_names(side) for side in sides) and "scope" not in ast.unparse(node):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Dict):
            found = {name for key in node.keys if key for name in step_names(key)}
            if len(found) > 1:
                yield node.lineno, f"a table by {', '.join(sorted(found))}"
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Tuple | ast.List | ast.Set):
            elements = node.value.elts
            if elements and all(isinstance(one, ast.Constant) and one.value in NAMES for one in elements):
                yield node.lineno, ast.unparse(node)


def test_no_other_part_knows_steps_by_name():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {what}"
        for path, tree in sources()
        for line, what in uses_by_name(tree)
        if what not in ALLOWED
    ]
    assert not found, "\n".join(found)


def test_every_key_belongs_to_one_question():
    keys = [question.key for question in all_questions()]
    assert len(keys) == len(set(keys))


def test_needed_steps_come_before():
    names = [step.name for step in STEPS]
    for step in STEPS:
        assert all(names.index(needed.name) < names.index(step.name) for needed in needed_by(step))
