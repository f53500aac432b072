"""Decide by reading whether a command of an app may delete data. Where reading cannot tell, it may."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from piwizard.apps.app_resolver import Code
from piwizard.apps.bindings import Function
from piwizard.apps.modules import folders_above, join
from piwizard.apps.repository_checkout import RepositoryCheckout

DEEPEST = 3
DELETES = frozenset(
    {
        "delete", "delete_one", "delete_many", "drop", "drop_all", "drop_collection", "drop_database", "drop_table",
        "drop_tables", "flushall", "flushdb", "move", "purge", "remove", "removedirs", "rename", "replace", "reset",
        "rmdir", "rmtree", "truncate", "truncate_table", "unlink", "wipe", "write_bytes", "write_text",
    }
)  # fmt: skip
"""Names of functions and methods that take data away or write over it."""
SQL = re.compile(
    r"\b(?:drop|truncate)\s+\w+|\bdelete\s+from\b|\breplace\s+into\b|\binsert\s+or\s+replace\b|"
    r"\bupdate\s+\S+\s+set\b|\balter\s+table\b|\brm\s+-|\bunlink\b",
    re.IGNORECASE,
)
"""Texts of SQL, or of a shell, that take data away or write over it."""
SQL_CREATES = re.compile(r"\s*(?:create|pragma|begin|commit|select|--|/\*|$)", re.IGNORECASE)
WORDS = re.compile(
    r"re(?:set|create|build|load|store|place|move|fresh|init)|drop|delete|clear|clean|purge|wipe|truncate|flush|"
    r"destroy|rm|erase|empty|seed|load|import|populate|fixtures?|sample|demo|fake"
)
"""Words in the name of a command that say so themselves."""
CREATES = frozenset(
    {
        "abspath", "app_context", "basename", "close", "commit", "connect", "create_all", "create_app", "create_engine",
        "create_table", "create_tables", "current_app", "cursor", "decode", "dirname", "echo", "exists", "expanduser",
        "format", "get", "getenv", "info", "init_app", "is_dir", "is_file", "isdir", "isfile", "join", "len",
        "make_app", "makedirs", "mkdir", "print", "read", "read_text", "resolve", "secho", "str", "strip", "style",
        "with_appcontext", "Path",
    }
)  # fmt: skip
"""Names of functions and methods that create what is not there, or only look."""
EXECUTES = frozenset({"execute", "executescript", "text"})
OPENS = frozenset({"open", "open_resource"})
DECORATES = frozenset({"command", "group", "option", "pass_context", "with_appcontext"})


@dataclass(frozen=True)
class Doubt:
    """The place in the code because of which a command may delete data. `sure`: the code says so itself."""

    why: str
    file: str
    line: int
    sure: bool = True

    @property
    def place(self) -> str:
        """The place as a person reads it."""
        return f"{self.file} line {self.line}"


def look(code: Code, file: str, function: Function, words: tuple[str, ...]) -> Doubt | None:
    """The reason why a command may delete data; None where all that it does is creating.

    What the code says for sure goes before what only cannot be told.
    """
    parts = [part for word in words for part in re.split(r"[-_]", word)]
    named = next((part for part in parts if WORDS.fullmatch(part.lower())), None)
    found = [Doubt(f"its name says {named}", file, function.lineno)] if named else []
    found += _all(code, file, function)
    return next((doubt for doubt in found if doubt.sure), found[0] if found else None)


def _all(code: Code, file: str, function: Function) -> list[Doubt]:
    seen, found = {(file, function.name, function.lineno)}, []
    waiting = [(file, function, DEEPEST)]
    for decorator in function.decorator_list:
        name = _name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name not in DECORATES:
            found.append(Doubt(f"{name or 'a decorator'} cannot be followed", file, decorator.lineno, sure=False))
    while waiting:
        here, body, left = waiting.pop()
        for statement in body.body:
            for node in ast.walk(statement):
                doubt = _doubt(code, here, node)
                inner = _called(code, here, node) if isinstance(node, ast.Call) else []
                if doubt and (doubt.sure or not inner or not left):
                    found.append(doubt)
                for place, one in inner if left else []:
                    if (place, one.name, one.lineno) not in seen:
                        seen.add((place, one.name, one.lineno))
                        waiting.append((place, one, left - 1))
    return found


def _called(code: Code, file: str, call: ast.Call) -> list[tuple[str, Function]]:
    """The functions of the checkout that a call may lead to: of a method, all of its name."""
    where = code.definition(file, call.func)
    if where:
        named = code.everything(where[0]).names.get(where[1], [])
        return [(where[0], one) for one in named if isinstance(one, Function)]
    if not isinstance(call.func, ast.Attribute):
        return []
    name = call.func.attr
    return [
        (other, node)
        for other in code.checkout.python
        if code.checkout.mentions(other, f"def {name}".encode())
        for node in code.checkout.nodes(other)
        if isinstance(node, Function) and node.name == name
    ]


def _doubt(code: Code, file: str, node: ast.AST) -> Doubt | None:
    match node:
        case ast.Attribute(attr=attr) if attr in DELETES:
            return Doubt(f"{attr}()", file, node.lineno)
        case ast.Delete() if any(isinstance(target, ast.Subscript) for target in node.targets):
            return Doubt("del", file, node.lineno)
        case ast.Constant(value=str(text)):
            return _text(code.checkout, file, node.lineno, text)
        case ast.Call(func=func):
            return _call(file, node, _name(func))
    return None


def _call(file: str, call: ast.Call, name: str) -> Doubt | None:
    if name in DELETES:
        return Doubt(f"{name}()", file, call.lineno)
    first = call.args[0] if call.args else None
    if name in OPENS:
        given = next((one for one in (*_keyword(call, "mode"), *call.args[1:2])), None)
        mode = given.value if isinstance(given, ast.Constant) else None if given else "r"
        writes = not isinstance(mode, str) or set(mode) & set("wax+")
        return Doubt(f"{name}() for writing", file, call.lineno) if writes else None
    if name in EXECUTES and isinstance(first, ast.Constant) and isinstance(first.value, str):
        statements = first.value.split(";")
        if all(SQL_CREATES.match(one) for one in statements):
            return None
        return Doubt(f"{name}()", file, call.lineno, sure=False)
    if name in EXECUTES and isinstance(first, ast.Call) and _name(first.func) in {*EXECUTES, "read", "decode"}:
        return None  # what it executes is looked at by itself: a text, or a file that is opened by name
    if name in CREATES:
        return None
    return Doubt(f"{name or 'a call'}() cannot be followed", file, call.lineno, sure=False)


def _text(checkout: RepositoryCheckout, file: str, line: int, text: str) -> Doubt | None:
    if found := SQL.search(text):
        return Doubt(" ".join(found[0].split()).upper(), file, line)
    if not text.lower().endswith((".sql", ".dump")):
        return None
    schemas = [path for folder in folders_above(file) if checkout.is_file(path := join(folder, text))]
    if not schemas:
        return Doubt(f"{text} is not in the repository", file, line, sure=False)
    for path in schemas:
        for number, statement in enumerate(checkout.text(path).splitlines(), start=1):
            if found := SQL.search(statement):
                return Doubt(" ".join(found[0].split()).upper(), path, number)
    known = all(SQL_CREATES.match(one) for path in schemas for one in _statements(checkout.text(path)))
    return None if known else Doubt(f"{text} does more than to create tables", schemas[0], 1, sure=False)


def _keyword(call: ast.Call, name: str) -> list[ast.expr]:
    return [one.value for one in call.keywords if one.arg == name]


def _statements(text: str) -> list[str]:
    """The statements of a file of SQL, without its comments."""
    plain = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    return plain.split(";")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
