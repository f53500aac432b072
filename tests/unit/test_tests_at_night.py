"""Test the tools of tests at night: their names exist, and they end when a connection is lost."""

from __future__ import annotations

import ast
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.lab.first_setup import SETTINGS_FIELDS, FirstSetup
from tests.lab.terminal import Terminal

TESTS = Path(__file__).parents[1]
OURS = ("piwizard", "tests")


def _code(text: str) -> Iterator[ast.Module]:
    """Return the code of a file, and what it keeps in strings to run elsewhere."""
    whole = ast.parse(text)
    yield whole
    for node in ast.walk(whole):
        kept = node.values if isinstance(node, ast.JoinedStr) else [node]
        parts = [one.value if isinstance(one, ast.Constant) else "0" for one in kept]
        inner = "".join(one for one in parts if isinstance(one, str))
        if "piwizard" in inner and "import" in inner:
            try:
                yield ast.parse(inner)
            except SyntaxError:  # it is no Python, or only a part of a program
                continue


def _found(module: str, name: str) -> object:
    """Return a name of a module, or a module of a package; None if there is neither."""
    try:
        package = importlib.import_module(module)
        return getattr(package, name) if hasattr(package, name) else importlib.import_module(f"{module}.{name}")
    except ImportError:
        return None


def _missing(code: ast.Module) -> Iterator[str]:
    """Return the names of ours that the code imports, or takes from a module, and that do not exist."""
    modules: dict[str, ModuleType] = {}
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            for alias in node.names:
                found = _found(node.module, alias.name)
                if found is None:
                    yield f"{node.module}.{alias.name}"
                elif isinstance(found, ModuleType):
                    modules[alias.asname or alias.name] = found
    for node in ast.walk(code):  # a variable of the same name is another thing
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
            modules.pop(node.arg if isinstance(node, ast.arg) else node.id, None)
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module and not hasattr(module, node.attr):
                yield f"{module.__name__}.{node.attr}"


@pytest.mark.parametrize("layer", ["nightly", "journeys", "component", "lab", "bench"])
def test_code_of_tests_uses_existing_names(layer: str) -> None:
    missing = {
        f"{path.relative_to(TESTS)}: {name}"
        for path in (TESTS / layer).rglob("*.py")
        for code in _code(path.read_text())
        for name in _missing(code)
    }
    assert missing == set()


def test_missing_names_are_found_in_kept_code() -> None:
    text = 'RUN = """\nfrom piwizard.system import files, no_module\nfiles.no_such_name()\nfiles.digest(b"")\n"""\n'
    found = [name for code in _code(text) for name in _missing(code)]
    assert found == ["piwizard.system.no_module", "piwizard.system.files.no_such_name"]


def test_setup_by_keys_ends_with_its_connection() -> None:
    code = f"import signal; print({SETTINGS_FIELDS!r}, flush=True); signal.pause()"
    terminal = Terminal((sys.executable, "-c", code))
    terminal.see(SETTINGS_FIELDS)
    os.kill(terminal.pid, signal.SIGKILL)
    with pytest.raises(AssertionError, match="the connection was lost"):
        FirstSetup(SimpleNamespace(terminal=terminal)).settings([])  # type: ignore[arg-type]
    terminal.hang_up()
