"""Collect the names that code binds, and what functions need and return."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field

from piwizard.system.lazy_dataclass import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """An imported name: `from MODULE import NAME`, or a module if NAME is None."""

    module: str
    level: int
    name: str | None
    line: int


@dataclass(frozen=True)
class Assignment:
    """A name with an assigned value."""

    value: ast.expr
    line: int


Binding = Import | Assignment | Function | ast.ClassDef


@dataclass
class Bindings:
    """The bindings of a block of statements; the values of a name in source order."""

    names: dict[str, list[Binding]] = field(default_factory=dict)
    main_only: dict[str, int] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)

    def add(self, name: str, binding: Binding) -> None:
        """Add a value of a name."""
        self.names.setdefault(name, []).append(binding)


def is_main_guard(test: ast.expr) -> bool:
    """Return whether a condition is `__name__ == "__main__"`, in either order."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def bindings_of(body: Iterable[ast.stmt]) -> Bindings:
    """Return the bindings of a block, including those in if, try, with and loops.

    Code under `__name__ == "__main__"` is skipped.
    """
    found = Bindings()
    waiting = list(body)[::-1]
    while waiting:
        statement = waiting.pop()
        match statement:
            case ast.Import():
                for alias in statement.names:
                    module = alias.name if alias.asname else alias.name.partition(".")[0]
                    found.add(alias.asname or module, Import(module, 0, None, statement.lineno))
            case ast.ImportFrom():
                for alias in statement.names:
                    source = Import(statement.module or "", statement.level, alias.name, statement.lineno)
                    found.add(alias.asname or alias.name, source)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(statement.name, statement)
            case ast.Assign():
                for target in statement.targets:
                    _assign(found, target, statement.value)
            case ast.AnnAssign(value=ast.expr() as value):
                _assign(found, statement.target, value)
            case ast.Expr(value=ast.Call() as call):
                found.calls.append(call)
            case ast.If() if is_main_guard(statement.test):
                inner = bindings_of(statement.body)
                found.main_only.update({name: statement.lineno for name in inner.names})
                waiting += statement.orelse[::-1]
            case _:
                waiting += _blocks(statement)[::-1]
    return found


def _assign(found: Bindings, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.add(target.id, Assignment(value, value.lineno))
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for part, part_value in zip(target.elts, value.elts, strict=True):
            if isinstance(part, ast.Name):
                found.add(part.id, Assignment(part_value, part_value.lineno))


def _blocks(statement: ast.stmt) -> list[ast.stmt]:
    inner: list[ast.stmt] = []
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for item in getattr(statement, block, []):
            inner += item.body if isinstance(item, ast.ExceptHandler | ast.match_case) else [item]
    return inner


def returned_values(function: Function) -> list[ast.expr]:
    """Return the values that a function returns, without those of nested functions."""
    values: list[ast.expr] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            values.append(node.value)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.expr):
            waiting += ast.iter_child_nodes(node)
    return values


def required_arguments(function: Function) -> tuple[str, ...]:
    """Return the arguments that a function cannot be called without."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    needed = positional[: len(positional) - len(spec.defaults)]
    needed += [arg for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]
    return tuple(arg.arg for arg in needed)


def decorator_name(node: ast.expr) -> str:
    """Return the last part of a decorator: `lru_cache` of `@functools.lru_cache()`."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
