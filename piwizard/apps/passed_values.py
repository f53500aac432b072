"""Find what an app's code passes to parameters, attributes and settings.

Files and folders often go that way from where they are named to where they are written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import field
from types import UnionType

from piwizard.apps.bindings import Assignment, Function, decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.name_lookup import find_definition
from piwizard.system.lazy_dataclass import dataclass

Value = tuple[str, ast.expr]
"""An expression, and the file that it is in."""
Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MAX_VALUES = 20
MAX_DEPTH = 4
MAX_ATTRIBUTES = 8
"""An attribute that more places assign is a common word such as `name`, whose values tell nothing about one of them."""


@dataclass
class PassedValues:
    """The calls and settings of a checkout by their names, collected once."""

    code: CodeIndex
    calls: dict[str, list[tuple[str, ast.Call]]] = field(default_factory=dict)
    settings: dict[str, list[Value]] = field(default_factory=dict)
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    """The functions and classes of each file."""
    attributes: dict[str, list[Value]] = field(default_factory=dict)
    """What is assigned to attributes: `object.NAME = value`, or NAME in the body of a class."""
    local: dict[str, list[Value]] = field(default_factory=dict)
    """What is assigned to names."""

    @classmethod
    def of(cls, code: CodeIndex) -> PassedValues:
        """Return the values of a checkout, collected once for it."""
        memory = code.checkout.memory
        if "passed" not in memory:
            memory["passed"] = found = cls(code)
            for file in code.checkout.python:
                found._collect(file)
        known = memory["passed"]
        assert isinstance(known, cls)
        return known

    def _collect(self, file: str) -> None:
        nodes = self.code.checkout.nodes(file)
        self.blocks[file] = [node for node in nodes if isinstance(node, Block)]
        for node in nodes:
            match node:
                case ast.Call():
                    self.calls.setdefault(decorator_name(node.func), []).append((file, node))
                    if decorator_name(node.func) in ("from_mapping", "update"):
                        for word in node.keywords:
                            self.settings.setdefault(word.arg or "", []).append((file, word.value))
                case ast.Assign(targets=[ast.Subscript() as target], value=value) if key := config_key(target):
                    self.settings.setdefault(key, []).append((file, value))
                case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                    self.attributes.setdefault(name, []).append((file, value))
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self.local.setdefault(name, []).append((file, value))
                case ast.ClassDef(body=body):
                    self._collect_class(file, body)

    def _collect_class(self, file: str, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self.attributes.setdefault(name, []).append((file, value))

    def of_expression(self, file: str, node: ast.expr | None, left: int = MAX_DEPTH) -> Iterator[Value]:
        """Yield the values that an expression may have.

        It is a parameter, a name, an attribute or `app.config["NAME"]`.
        """
        if left <= 0 or not self.code.spend():
            return
        match node:
            case ast.Subscript() if key := config_key(node):
                yield from self.settings.get(key, ())[:MAX_VALUES]
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                yield from self._of_attribute(file, node, attr, left)
            case ast.Attribute(value=ast.Name() | ast.Attribute(), attr=attr):
                values = self.attributes.get(attr, ())
                if len(values) <= MAX_ATTRIBUTES:
                    yield from values
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
                yield from self.settings.get(key, ())[:MAX_VALUES]
            case ast.Name(id=name):
                function = self._innermost(file, node, Function)
                if isinstance(function, Function):
                    yield from self._of_local(file, function, name)
                    yield from self._of_parameter(file, function, self._innermost(file, node, ast.ClassDef), name, left)
                yield from self._of_module(file, node)

    def _of_local(self, file: str, function: Function, name: str) -> Iterator[Value]:
        """Yield what a function assigns to a name of its own."""
        for where, value in self.local.get(name, ()):
            if where == file and function.lineno <= value.lineno <= (function.end_lineno or 0):
                yield where, value

    def _of_module(self, file: str, node: ast.Name) -> Iterator[Value]:
        """Yield what a module assigns to a name at its top."""
        where = find_definition(self.code, file, node)
        for source in self.code.bindings(where[0]).names.get(where[1], ()) if where else ():
            if where and isinstance(source, Assignment) and source.value is not node:
                yield where[0], source.value

    def _of_attribute(self, file: str, node: ast.expr, attr: str, left: int) -> Iterator[Value]:
        owner = self._innermost(file, node, ast.ClassDef)
        for statement in ast.walk(owner) if owner else ():
            match statement:
                case ast.Assign(targets=[target], value=value) if _assigns(target, attr):
                    yield file, value
                    yield from self.of_expression(file, value, left - 1)

    def _of_parameter(
        self, file: str, function: Function, owner: Block | None, name: str, left: int
    ) -> Iterator[Value]:
        spec = function.args
        names = [one.arg for one in (*spec.posonlyargs, *spec.args)]
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        defaults |= {
            one.arg: value for one, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if value is not None
        }
        if name not in (*names, *(one.arg for one in spec.kwonlyargs)):
            return
        method = isinstance(owner, ast.ClassDef) and any(one is function for one in owner.body)
        called = owner.name if isinstance(owner, ast.ClassDef) and function.name == "__init__" else function.name
        place = names.index(name) - method if name in names else -1
        for where, call in self.calls.get(called, ())[:MAX_VALUES]:
            plain = not any(isinstance(one, ast.Starred) for one in call.args)
            given = next((word.value for word in call.keywords if word.arg == name), None)
            if given is None and plain and 0 <= place < len(call.args):
                given = call.args[place]
            if given is not None:
                yield where, given
                yield from self.of_expression(where, given, left - 1)
        if name in defaults:
            yield file, defaults[name]

    def _innermost(self, file: str, node: ast.expr, kind: type[Block] | UnionType) -> Block | None:
        """Return the smallest function or class of a file around a node."""
        around = [
            one
            for one in self.blocks.get(file, ())
            if isinstance(one, kind) and one.lineno <= node.lineno <= (one.end_lineno or 0)
        ]
        return max(around, key=lambda one: one.lineno, default=None)


def config_key(node: ast.Subscript) -> str:
    """Return "NAME" of `app.config["NAME"]`; "" if it is something else."""
    match node:
        case ast.Subscript(value=ast.Attribute(attr="config"), slice=ast.Constant(value=str(key))):
            return key
    return ""


def _assigns(target: ast.expr, attr: str) -> bool:
    match target:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) | ast.Name(id=name):
            return name == attr
    return False
