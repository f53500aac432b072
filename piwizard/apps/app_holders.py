"""Find classes whose objects hold a Flask app: `self.app = Flask(__name__)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from piwizard.apps.app_resolver import held_attribute, is_app_call, resolve_factory
from piwizard.apps.bindings import Assignment, required_arguments
from piwizard.apps.code_index import CodeIndex
from piwizard.system.lazy_dataclass import dataclass

MAX_STATEMENTS = 500


@dataclass(frozen=True)
class HeldApp:
    """An app in an attribute of an object: `expression` is how to get it.

    `needs_object`: the file only has the class, so the expression creates an object.
    """

    expression: str
    holder: str
    line: int
    required: tuple[str, ...] = ()
    needs_object: bool = False


def find_held_apps(code: CodeIndex, file: str) -> Iterator[HeldApp]:
    """Yield the apps in the objects of a file's classes, else in new objects."""
    names = code.bindings(file).names
    yield from _in_framework_objects(code, file)
    classes = {name: one for name, sources in names.items() for one in sources if isinstance(one, ast.ClassDef)}
    for name, holder in classes.items():
        for attribute, line in _app_attributes(code, file, holder):
            objects = [
                variable
                for variable, sources in names.items()
                if any(_creates(source.value, name) for source in sources if isinstance(source, Assignment))
            ]
            for variable in objects:
                yield HeldApp(f"{variable}.{attribute}", name, line)
            if not objects:
                yield HeldApp(f"{name}().{attribute}", name, line, _required(holder), needs_object=True)


def _in_framework_objects(code: CodeIndex, file: str) -> Iterator[HeldApp]:
    """Yield the apps in objects of Dash and the like that have no name themselves."""
    bound = [
        (name, source)
        for name, sources in code.bindings(file).names.items()
        for source in sources
        if isinstance(source, Assignment)
    ]
    named = {ast.unparse(source.value) for _, source in bound if isinstance(source.value, ast.Attribute)}
    for name, source in bound:
        attribute = held_attribute(code, file, source.value) if isinstance(source.value, ast.Call) else ""
        if attribute and f"{name}.{attribute}" not in named:
            yield HeldApp(f"{name}.{attribute}", name, source.line)


def _app_attributes(code: CodeIndex, file: str, holder: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for start in (one for one in holder.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"):
        first = start.args.args[0].arg if start.args.args else ""
        for node in list(ast.walk(start))[:MAX_STATEMENTS]:
            match node:
                case (
                    ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attribute)], value=value)
                    | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attribute), value=value)
                ) if owner == first and isinstance(value, ast.Call):
                    if is_app_call(code, file, value) or _is_factory_call(code, file, value):
                        yield attribute, node.lineno


def _is_factory_call(code: CodeIndex, file: str, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and resolve_factory(code, file, call.func.id) is not None


def _creates(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name


def _required(holder: ast.ClassDef) -> tuple[str, ...]:
    """Return the arguments that a new object needs, without `self`."""
    start = next((one for one in holder.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    return required_arguments(start)[1:] if start else ()
