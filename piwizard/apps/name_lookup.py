"""Resolve names in an app's code, following imports within the checkout."""

from __future__ import annotations

import ast
from dataclasses import field
from typing import Self

from piwizard.apps.bindings import Binding, Bindings, Import
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.modules import imported_file, submodule_file
from piwizard.system.lazy_dataclass import dataclass

MAX_LOOKUP_DEPTH = 12
MAX_STEPS_PER_LOOKUP = 2_000


def external_origin(code: CodeIndex, file: str, node: ast.expr) -> tuple[str, str] | None:
    """Return the external module and name of an expression: `("flask", "Blueprint")`."""
    return NameLookup(code, file, code.everything(file)).origin(node)


def find_definition(code: CodeIndex, file: str, node: ast.expr) -> tuple[str, str] | None:
    """Return the file and name where `Name` or `module.Name` is defined."""
    return NameLookup(code, file, code.everything(file)).definition(node)


@dataclass
class NameLookup:
    """One lookup: the file it starts in, and the number of steps left for it."""

    code: CodeIndex
    file: str
    local: Bindings | None = None
    left: int = MAX_LOOKUP_DEPTH
    steps: list[int] = field(default_factory=lambda: [MAX_STEPS_PER_LOOKUP])

    def bound(self, name: str) -> list[Binding]:
        """Return the bindings of a name; none if no step is left."""
        # A hundred bindings of a name to names with a hundred bindings each would take forever.
        self.steps[0] -= 1
        if self.steps[0] < 0 or not self.code.spend():
            return []
        if self.local and name in self.local.names:
            return self.local.names[name]
        return self.code.bindings(self.file).names.get(name, [])

    def deeper(self, file: str | None = None, local: Bindings | None = None) -> Self:
        """Return the lookup one level deeper, in this file or another one."""
        if file is None:
            return type(self)(self.code, self.file, local or self.local, self.left - 1, self.steps)
        return type(self)(self.code, file, None, self.left - 1, self.steps)

    def follow(self, source: Import) -> tuple[str, str | None] | None:
        """Return the file of the checkout, and the name in it, that an import refers to."""
        target = imported_file(self.code.checkout, self.file, source.module, source.level)
        if target is None:
            return None
        if source.name and source.name not in self.code.bindings(target).names:
            inner = submodule_file(self.code.checkout, target, source.name)
            return (inner, None) if inner else None
        if target == self.file and source.name is not None:
            return None
        return target, source.name

    def origin(self, node: ast.expr) -> tuple[str, str] | None:
        """Return the external module and name behind `Name` or `module.Name`."""
        match node:
            case ast.Name(id=name):
                for source in self.bound(name):
                    if isinstance(source, Import) and source.name:
                        return source.module, source.name
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                for source in self.bound(name):
                    if isinstance(source, Import) and source.name is None:
                        return source.module, attr
        return None

    def definition(self, node: ast.expr) -> tuple[str, str] | None:
        """Return the file and name where `Name` or `module.Name` is defined."""
        if self.left <= 0:
            return None
        match node:
            case ast.Name(id=name):
                for source in self.bound(name):
                    if not isinstance(source, Import):
                        return self.file, name
                    if (where := self.follow(source)) and where[1]:
                        return self.deeper(where[0]).definition(ast.Name(where[1]))
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                if file := self.module(name):
                    return self.deeper(file).definition(ast.Name(attr))
        return None

    def module(self, name: str) -> str | None:
        """Return the file of the module that a name refers to."""
        for source in self.bound(name):
            if isinstance(source, Import) and (where := self.follow(source)) and where[1] is None:
                return where[0]
        return None
