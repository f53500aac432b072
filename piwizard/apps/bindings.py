"""The names that a module, or a function, gives to things when it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """A name that comes from elsewhere: `from MODULE import NAME`, or a module itself where NAME is None."""

    module: str
    level: int
    name: str | None
    line: int


@dataclass(frozen=True)
class Assignment:
    """A name that was given a value."""

    value: ast.expr
    line: int


Binding = Import | Assignment | Function | ast.ClassDef


@dataclass
class Bindings:
    """What a block of statements binds; the values of a name in the order they are given."""

    names: dict[str, list[Binding]] = field(default_factory=dict)
    main_only: dict[str, int] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)

    def add(self, name: str, binding: Binding) -> None:
        """Note one more value of a name."""
        self.names.setdefault(name, []).append(binding)


def is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`, either way round."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def bindings_of(body: Iterable[ast.stmt]) -> Bindings:
    """Collect what a block binds, through if, try, with and loops, but not what only `__main__` runs."""
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
    """The values that a function returns, those of functions inside it left out."""
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
    """The arguments that a function cannot be called without."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    needed = positional[: len(positional) - len(spec.defaults)]
    needed += [arg for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]
    return tuple(arg.arg for arg in needed)


def decorator_name(node: ast.expr) -> str:
    """The last part of what decorates a function: `lru_cache` of `@functools.lru_cache()`."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
