"""Find values for the arguments that an app factory cannot be called without."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from piwizard.answers.validators.entries import is_callable
from piwizard.apps.app_resolver import AppFactory
from piwizard.apps.bindings import Assignment, Function
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.name_lookup import find_definition
from piwizard.system.lazy_dataclass import dataclass

PREFERRED_CHOICES = ("production", "prod", "default")
MAX_CALLS = 500


@dataclass(frozen=True)
class FactoryCall:
    """A call of a factory with literal arguments, and why it is right."""

    text: str
    why: str


def find_factory_call(code: CodeIndex, name: str, factory: AppFactory) -> FactoryCall | None:
    """Return the author's own call of a factory, else one with a setting that exists."""
    target = (factory.file, factory.name)
    for file in code.checkout.python:
        if not code.checkout.mentions(file, f"{factory.name}(".encode()):
            continue
        for call in _calls(code, file, factory.name):
            text = f"{name}({_literal_arguments(call)})"
            if (call.args or call.keywords) and is_callable(text) and find_definition(code, file, call.func) == target:
                return FactoryCall(text, f"called so in {file}, line {call.lineno}")
    if len(factory.required) == 1:
        choices = setting_names(code, factory)
        chosen = next((one for one in PREFERRED_CHOICES if one in choices), choices[0] if len(choices) == 1 else "")
        text = f"{name}({chosen!r})"
        if chosen and is_callable(text):
            return FactoryCall(text, f"{chosen!r} is one of its settings: {', '.join(choices)}")
    return None


def _calls(code: CodeIndex, file: str, name: str) -> Iterator[ast.Call]:
    found = (node for node in code.checkout.nodes(file) if isinstance(node, ast.Call))
    for number, call in enumerate(found):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called == name and number < MAX_CALLS:
            yield call


def _literal_arguments(call: ast.Call) -> str:
    """Return the arguments as code; `is_callable` refuses those that are not literal."""
    keywords = (f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in call.keywords if keyword.arg)
    return ", ".join((*map(ast.unparse, call.args), *keywords))


def setting_names(code: CodeIndex, factory: AppFactory) -> tuple[str, ...]:
    """Return the keys of a table in which a factory looks up its argument."""
    functions = code.bindings(factory.file).names.get(factory.name, [])
    for function in functions:
        if not isinstance(function, Function):
            continue
        for node in ast.walk(function):
            match node:
                case ast.Subscript(value=ast.Name() as table, slice=ast.Name(id=name)) if name in factory.required:
                    if keys := _keys(code, factory.file, table):
                        return keys
    return ()


def _keys(code: CodeIndex, file: str, table: ast.Name) -> tuple[str, ...]:
    where = find_definition(code, file, table)
    for source in code.bindings(where[0]).names.get(where[1], []) if where else []:
        if isinstance(source, Assignment) and isinstance(source.value, ast.Dict):
            keys = (key.value for key in source.value.keys if isinstance(key, ast.Constant))
            return tuple(key for key in keys if isinstance(key, str))
    return ()
