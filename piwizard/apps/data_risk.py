"""Find out from the code whether a command may delete data; if unclear, it may."""

from __future__ import annotations

import ast
import re

from piwizard.apps.bindings import Function
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.modules import folders_above, join_path
from piwizard.apps.name_lookup import find_definition
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.system.lazy_dataclass import dataclass

MAX_CALL_DEPTH = 3
DELETING_CALLS = frozenset(
    {
        "delete", "delete_one", "delete_many", "drop", "drop_all", "drop_collection", "drop_database", "drop_table",
        "drop_tables", "flushall", "flushdb", "move", "purge", "remove", "removedirs", "rename", "replace", "reset",
        "rmdir", "rmtree", "truncate", "truncate_table", "unlink", "wipe", "write_bytes", "write_text",
    }
)  # fmt: skip
"""Functions and methods that delete or overwrite data."""
DELETING_SQL = re.compile(
    r"\b(?:drop|truncate)\s+\w+|\bdelete\s+from\b|\breplace\s+into\b|\binsert\s+or\s+replace\b|"
    r"\bupdate\s+\S+\s+set\b|\balter\s+table\b|\brm\s+-|\bunlink\b",
    re.IGNORECASE,
)
"""SQL and shell commands that delete or overwrite data."""
HARMLESS_SQL = re.compile(r"\s*(?:create|pragma|begin|commit|select|--|/\*|$)", re.IGNORECASE)
DELETING_WORDS = re.compile(
    r"re(?:set|create|build|load|store|place|move|fresh|init)|drop|delete|clear|clean|purge|wipe|truncate|flush|"
    r"destroy|rm|erase|empty|seed|load|import|populate|fixtures?|sample|demo|fake"
)
"""Words in a command's name that mean deleting."""
HARMLESS_CALLS = frozenset(
    {
        "abspath", "app_context", "basename", "close", "commit", "connect", "create_all", "create_app", "create_engine",
        "create_table", "create_tables", "current_app", "cursor", "decode", "dirname", "echo", "exists", "expanduser",
        "format", "get", "getenv", "info", "init_app", "is_dir", "is_file", "isdir", "isfile", "join", "len",
        "make_app", "makedirs", "mkdir", "print", "read", "read_text", "resolve", "secho", "str", "strip", "style",
        "with_appcontext", "Path",
    }
)  # fmt: skip
"""Functions and methods that only create what is missing, or only read."""
SQL_CALLS = frozenset({"execute", "executescript", "text"})
OPENING_CALLS = frozenset({"open", "open_resource"})
CLICK_DECORATORS = frozenset({"command", "group", "option", "pass_context", "with_appcontext"})


@dataclass(frozen=True)
class DataRisk:
    """The place in the code that may delete data. `sure`: it certainly does."""

    why: str
    file: str
    line: int
    sure: bool = True

    @property
    def place(self) -> str:
        """Return the place as a person reads it."""
        return f"{self.file} line {self.line}"


def find_data_risk(code: CodeIndex, file: str, function: Function, words: tuple[str, ...]) -> DataRisk | None:
    """Return why a command may delete data; None if it only creates things.

    A certain reason takes precedence over one that is only possible.
    """
    parts = [part for word in words for part in re.split(r"[-_]", word)]
    named = next((part for part in parts if DELETING_WORDS.fullmatch(part.lower())), None)
    found = [DataRisk(f"its name says {named}", file, function.lineno)] if named else []
    found += _risks_in(code, file, function)
    return next((risk for risk in found if risk.sure), found[0] if found else None)


def _risks_in(code: CodeIndex, file: str, function: Function) -> list[DataRisk]:
    seen, found = {(file, function.name, function.lineno)}, []
    waiting = [(file, function, MAX_CALL_DEPTH)]
    for decorator in function.decorator_list:
        name = _name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name not in CLICK_DECORATORS:
            found.append(DataRisk(f"{name or 'a decorator'} cannot be followed", file, decorator.lineno, sure=False))
    while waiting:
        here, body, left = waiting.pop()
        for statement in body.body:
            for node in ast.walk(statement):
                risk = _risk_of_node(code, here, node)
                inner = _callees(code, here, node) if isinstance(node, ast.Call) else []
                if risk and (risk.sure or not inner or not left):
                    found.append(risk)
                for place, one in inner if left else []:
                    if (place, one.name, one.lineno) not in seen:
                        seen.add((place, one.name, one.lineno))
                        waiting.append((place, one, left - 1))
    return found


def _callees(code: CodeIndex, file: str, call: ast.Call) -> list[tuple[str, Function]]:
    """Return the functions that a call may run: for a method, all with its name."""
    where = find_definition(code, file, call.func)
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


def _risk_of_node(code: CodeIndex, file: str, node: ast.AST) -> DataRisk | None:
    match node:
        case ast.Attribute(attr=attr) if attr in DELETING_CALLS:
            return DataRisk(f"{attr}()", file, node.lineno)
        case ast.Delete() if any(isinstance(target, ast.Subscript) for target in node.targets):
            return DataRisk("del", file, node.lineno)
        case ast.Constant(value=str(text)):
            return _risk_of_text(code.checkout, file, node.lineno, text)
        case ast.Call(func=func):
            return _risk_of_call(file, node, _name(func))
    return None


def _risk_of_call(file: str, call: ast.Call, name: str) -> DataRisk | None:
    if name in DELETING_CALLS:
        return DataRisk(f"{name}()", file, call.lineno)
    first = call.args[0] if call.args else None
    if name in OPENING_CALLS:
        given = next((one for one in (*_keyword(call, "mode"), *call.args[1:2])), None)
        mode = given.value if isinstance(given, ast.Constant) else None if given else "r"
        writes = not isinstance(mode, str) or set(mode) & set("wax+")
        return DataRisk(f"{name}() for writing", file, call.lineno) if writes else None
    if name in SQL_CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        statements = first.value.split(";")
        if all(HARMLESS_SQL.match(one) for one in statements):
            return None
        return DataRisk(f"{name}()", file, call.lineno, sure=False)
    if name in SQL_CALLS and isinstance(first, ast.Call) and _name(first.func) in {*SQL_CALLS, "read", "decode"}:
        return None  # its argument is examined on its own: a text, or the name of a file
    if name in HARMLESS_CALLS:
        return None
    return DataRisk(f"{name or 'a call'}() cannot be followed", file, call.lineno, sure=False)


def _risk_of_text(checkout: RepositoryCheckout, file: str, line: int, text: str) -> DataRisk | None:
    if found := DELETING_SQL.search(text):
        return DataRisk(" ".join(found[0].split()).upper(), file, line)
    if not text.lower().endswith((".sql", ".dump")):
        return None
    schemas = [path for folder in folders_above(file) if checkout.is_file(path := join_path(folder, text))]
    if not schemas:
        return DataRisk(f"{text} is not in the repository", file, line, sure=False)
    for path in schemas:
        for number, statement in enumerate(checkout.text(path).splitlines(), start=1):
            if found := DELETING_SQL.search(statement):
                return DataRisk(" ".join(found[0].split()).upper(), path, number)
    known = all(HARMLESS_SQL.match(one) for path in schemas for one in _sql_statements(checkout.text(path)))
    return None if known else DataRisk(f"{text} does more than to create tables", schemas[0], 1, sure=False)


def _keyword(call: ast.Call, name: str) -> list[ast.expr]:
    return [one.value for one in call.keywords if one.arg == name]


def _sql_statements(text: str) -> list[str]:
    """Return the statements of an SQL file without comments."""
    plain = re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    return plain.split(";")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
