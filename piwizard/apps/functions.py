"""What the head and the ends of a function say: what it needs, and what it returns."""

from __future__ import annotations

import ast

from piwizard.apps.bindings import Function


def returned(function: Function) -> list[ast.expr]:
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
