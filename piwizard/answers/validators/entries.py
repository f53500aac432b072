"""Validate the name of a WSGI callable: of a module, or of a file."""

from __future__ import annotations

import ast
import re
from typing import Any

from piwizard.answers.validators.basic import Invalid, text

MODULE_PART = re.compile(r"\w(?:[\w -]*[\w-])?")
"""Files with hyphens or spaces have no name in Python's syntax, but gunicorn imports them."""
MODULE = re.compile(rf"{MODULE_PART.pattern}(?:\.{MODULE_PART.pattern})*")
FILE_PART = r"[\w.@+-](?:[\w.@+ -]*[\w.@+-])?"
FILE = re.compile(rf"(?:{FILE_PART}/)*{FILE_PART}\.py")
PLAIN_SIGNS = re.compile(r"[\w .,=:/@+'\"(){}\[\]-]{1,200}", re.ASCII)


def entry(value: Any) -> str:
    """Accept a WSGI callable ("app:app") or a script ("folder/app.py")."""
    found = text(value)
    where, _, name = found.partition(":")
    if where == found and _is_file(where):
        return found
    if not (MODULE.fullmatch(where) or _is_file(where)) or not is_callable(name):
        raise Invalid('must be like "app:app", "package:create_app()", "folder/app.py:app" or "folder/app.py"')
    return found


def is_callable(name: str) -> bool:
    """Return whether a text is a name, a call with literals, or their attribute."""
    if not PLAIN_SIGNS.fullmatch(name) or name != name.strip():
        return False
    try:
        node: ast.expr = ast.parse(name, mode="eval").body
        while isinstance(node, ast.Attribute):
            node = node.value
        if isinstance(node, ast.Call):
            if not all(keyword.arg for keyword in node.keywords):
                return False
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                ast.literal_eval(argument)
            node = node.func
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return isinstance(node, ast.Name)


def _is_file(path: str) -> bool:
    parts = path.split("/")
    return bool(FILE.fullmatch(path)) and not {".", ".."} & set(parts) and parts[0] != ".git" and path[0] != "-"
