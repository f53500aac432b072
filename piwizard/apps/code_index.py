"""Collect the names that the files of a checkout bind, each file once."""

from __future__ import annotations

import ast
from dataclasses import field

from piwizard.apps.bindings import Binding, Bindings, Import, bindings_of
from piwizard.apps.modules import imported_file
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.system.lazy_dataclass import dataclass

APP_CLASSES = {
    ("flask", "Flask"), ("flask.app", "Flask"), ("apiflask", "APIFlask"), ("flask_openapi3", "OpenAPI"),
    ("eve", "Eve"), ("quart", "Quart"), ("quart.app", "Quart"), ("fastapi", "FastAPI"),
    ("starlette.applications", "Starlette"),
}  # fmt: skip
STAR_EXPORTS = {*APP_CLASSES, ("flask", "Blueprint")}
"""Names that `from MODULE import *` brings from modules outside the checkout."""
MAX_STAR_NAMES = 300
MAX_STEPS = 2_000_000
BLOCK_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class CodeIndex:
    """The names that each file of a checkout binds."""

    checkout: RepositoryCheckout
    _bindings: dict[str, Bindings] = field(default_factory=dict)
    _everything: dict[str, Bindings] = field(default_factory=dict)
    texts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    steps: int = MAX_STEPS

    @classmethod
    def of(cls, checkout: RepositoryCheckout) -> CodeIndex:
        """Return the index of a checkout, created once for it."""
        known = checkout.memory.setdefault("code", cls(checkout))
        assert isinstance(known, cls)
        return known

    def spend(self) -> bool:
        """Use one of the steps that all lookups share; return False when none is left."""
        self.steps -= 1
        return self.steps >= 0

    def bindings(self, file: str) -> Bindings:
        """Return the names that a file binds when it is imported."""
        if file not in self._bindings:
            tree = self.checkout.parsed(file)
            self._bindings[file] = found = bindings_of(tree.body if tree else [])
            for star in found.names.pop("*", []):
                for name, source in self._star_names(file, star):
                    found.names.setdefault(name, []).append(source)
        return self._bindings[file]

    def _star_names(self, file: str, star: Binding) -> list[tuple[str, Import]]:
        """Return the names that `from MODULE import *` brings."""
        if not isinstance(star, Import):
            return []
        target = imported_file(self.checkout, file, star.module, star.level)
        if target is None:
            names = [name for module, name in STAR_EXPORTS if module == star.module]
        else:
            names = [name for name in self.bindings(target).names if not name.startswith("_")]
        known = names[:MAX_STAR_NAMES] if target != file else []
        return [(name, Import(star.module, star.level, name, star.line)) for name in known]

    def everything(self, file: str) -> Bindings:
        """Return the names that a file binds anywhere: at its top and in all blocks."""
        if file not in self._everything:
            tree = self.checkout.parsed(file)
            inner = [node for node in self.checkout.nodes(file) if isinstance(node, BLOCK_NODES)]
            merged = bindings_of([*(tree.body if tree else []), *(s for block in inner for s in block.body)])
            self._everything[file] = merged
        return self._everything[file]
