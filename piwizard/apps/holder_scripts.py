"""Find programs that create the object that holds the app, with arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from piwizard.apps.app_holders import HeldApp, find_held_apps
from piwizard.apps.app_resolver import SERVING_METHODS
from piwizard.apps.bindings import is_main_guard
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.name_lookup import find_definition
from piwizard.apps.start_script import StartScript

MAX_NODES = 20_000


def find_holder_scripts(code: CodeIndex, files: Sequence[str]) -> Iterator[StartScript]:
    """Yield the programs among the files that create such an object with arguments.

    Without them, `Server().app` would be an app that lacks its settings.
    """
    serving = [word.encode() for word in SERVING_METHODS]
    held = {
        (file, one.holder): one
        for file in files
        if code.checkout.mentions(file, *serving)
        for one in find_held_apps(code, file)
        if one.needs_object
    }
    for file in files if held else ():
        if found := _creation(code, file, held):
            line, one, origin = found
            more = f"creates {one.holder} with its own values (line {line})"
            yield StartScript(file, line, True, more, (origin, one.line), creates_app=True)


def _creation(code: CodeIndex, file: str, held: Mapping[tuple[str, str], HeldApp]) -> tuple[int, HeldApp, str] | None:
    """Return the line where a program creates an object, what this holds, and the file of its class."""
    tree = code.checkout.parsed(file)
    if tree is None or not any(isinstance(node, ast.If) and is_main_guard(node.test) for node in tree.body):
        return None
    for node in islice(ast.walk(tree), MAX_NODES):
        if isinstance(node, ast.Call) and (node.args or node.keywords):
            where = find_definition(code, file, node.func)
            if where and where in held:
                return node.lineno, held[where], where[0]
    return None
