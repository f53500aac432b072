"""Test that root works by path only where everything belongs to root.

A few modules copy, remove and chown trees for all others.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "piwizard"
TREE_MODULES = {f"system/{name}.py" for name in ("safe_open", "tree_copy", "tree_owner", "tree_remove")}
PROGRAMS = {"chown", "chmod", "chgrp", "find", "cp", "mv", "rm", "rmdir", "install", "rsync", "ln", "tar", "setfacl"}
FORBIDDEN = {
    ("shutil", "rmtree"),
    ("shutil", "copytree"),
    ("shutil", "copy"),
    ("shutil", "copy2"),
    ("shutil", "copyfile"),
    ("shutil", "move"),
    ("shutil", "chown"),
    ("os", "chown"),
    ("os", "lchown"),
    ("os", "chmod"),
    ("os", "removedirs"),
    ("os", "renames"),
}
OF_THE_APP = {"apps/data_mirror.py"}
"""Programs that run as the app's user, in its sandbox."""
THROWAWAY = ("rehearsal/", "sandbox/")
"""Work in a copy of the machine that no other user can enter."""


def modules():
    found = [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if not {"screens", "templates"} & set(path.relative_to(SOURCE).parts)
    ]
    assert len(found) > 100
    return found


def name_of(path):
    return str(path.relative_to(SOURCE))


def faults(text):
    """Yield line and code of each operation on trees by path."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Tuple, ast.List)) and node.elts:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and first.value in PROGRAMS and len(node.elts) > 1 and _is_command(node):
                yield node.lineno, first.value
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in FORBIDDEN
        ):
            yield node.lineno, f"{node.value.id}.{node.attr}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("chmod", "lchmod")
        ):
            yield node.lineno, f".{node.func.attr}()"


def _is_command(node):
    """Return whether a tuple is an argv: its second word is an option or computed."""
    second = node.elts[1]
    return not isinstance(second, ast.Constant) or str(second.value).startswith(("-", "/"))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_tree_work_stays_in_the_tree_modules(path):
    name = name_of(path)
    if name in TREE_MODULES or name in OF_THE_APP or name.startswith(THROWAWAY):
        return
    assert list(faults(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        "work.command(('chown', '--recursive', user, str(path)))",
        "argv = ['find', str(path), '-exec']",
        "shutil.rmtree(path)",
        "os.chown(path, 0, 0)",
        "path.chmod(0o600)",
        "work.command(('cp', '-r', 'a', 'b'))",
    ],
)
def test_tree_work_in_other_modules_is_found(text):
    assert list(faults(text))
