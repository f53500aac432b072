"""Resolve names in an app's code: Flask apps, and functions that create one."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from piwizard.apps.bindings import (
    Assignment,
    Binding,
    Bindings,
    Function,
    Import,
    bindings_of,
    decorator_name,
    required_arguments,
    returned_values,
)
from piwizard.apps.modules import imported_file, submodule_file
from piwizard.apps.repository_checkout import RepositoryCheckout

FACTORY_NAMES = ("create_app", "make_app")
APP_CLASSES = {
    ("flask", "Flask"), ("flask.app", "Flask"), ("apiflask", "APIFlask"), ("flask_openapi3", "OpenAPI"),
    ("eve", "Eve"), ("quart", "Quart"), ("quart.app", "Quart"), ("fastapi", "FastAPI"),
    ("starlette.applications", "Starlette"),
}  # fmt: skip
APP_HOLDERS = {("dash", "Dash"): "server", ("connexion", "App"): "app", ("connexion", "FlaskApp"): "app"}
WRAPPERS = frozenset({"ProxyFix", "DispatcherMiddleware", "WhiteNoise", "SharedDataMiddleware", "ProfilerMiddleware"})
WSGI_NAMES = frozenset({"app", "application", "wsgi", "wsgi_app"})
SERVING_METHODS = frozenset({"run", "run_server", "serve_forever"})
BLOCK_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
STAR_EXPORTS = {*APP_CLASSES, ("flask", "Blueprint")}
"""Names that `from MODULE import *` brings from modules outside the checkout."""
MAX_STAR_NAMES = 300
MAX_LOOKUP_DEPTH = 12
MAX_STEPS = 2_000_000
MAX_STEPS_PER_LOOKUP = 2_000


@dataclass(frozen=True)
class WsgiApp:
    """A Flask app: where it is created, and how the name got it."""

    file: str
    line: int
    how: str
    factory: AppFactory | None = None


@dataclass(frozen=True)
class AppFactory:
    """A function that returns a Flask app."""

    name: str
    file: str
    line: int
    required: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class CodeIndex:
    """Resolves names in the files of a checkout, following imports within it."""

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
                for name, source in self._behind(file, star):
                    found.names.setdefault(name, []).append(source)
        return self._bindings[file]

    def _behind(self, file: str, star: Binding) -> list[tuple[str, Import]]:
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

    def app(self, file: str, name: str) -> WsgiApp | None:
        """Return the Flask app that a name in a file refers to."""
        return _Lookup(self, file).name_app(name)

    def factory(self, file: str, name: str) -> AppFactory | None:
        """Return the app factory that a name in a file refers to."""
        return _Lookup(self, file).name_factory(name)

    def is_app_call(self, file: str, call: ast.Call) -> bool:
        """Return whether a call creates a Flask object, by an alias or subclass too."""
        return _Lookup(self, file, self.everything(file)).is_app_class(call.func)

    def origin(self, file: str, node: ast.expr) -> tuple[str, str] | None:
        """Return the external module and name of an expression: `("flask", "Blueprint")`."""
        return _Lookup(self, file, self.everything(file)).origin(node)

    def definition(self, file: str, node: ast.expr) -> tuple[str, str] | None:
        """Return the file and name where `Name` or `module.Name` is defined."""
        return _Lookup(self, file, self.everything(file)).definition(node)

    def everything(self, file: str) -> Bindings:
        """Return the names that a file binds anywhere: at its top and in all blocks."""
        if file not in self._everything:
            tree = self.checkout.parsed(file)
            inner = [node for node in self.checkout.nodes(file) if isinstance(node, BLOCK_NODES)]
            merged = bindings_of([*(tree.body if tree else []), *(s for block in inner for s in block.body)])
            self._everything[file] = merged
        return self._everything[file]

    def blocked(self, file: str) -> int | None:
        """Return the line of an `app.run()` that would block the import of the file."""
        for call in self.bindings(file).calls:
            if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
                continue
            owner = call.func.value.id
            if call.func.attr in SERVING_METHODS and (
                owner in {"app", "application", "socketio"} or self.app(file, owner)
            ):
                return call.lineno
        return None


@dataclass
class _Lookup:
    """One lookup: a place in the code, and the number of steps left for it."""

    code: CodeIndex
    file: str
    local: Bindings | None = None
    left: int = MAX_LOOKUP_DEPTH
    steps: list[int] = field(default_factory=lambda: [MAX_STEPS_PER_LOOKUP])

    def bound(self, name: str) -> list[Binding]:
        # A hundred bindings of a name to names with a hundred bindings each would take forever.
        self.steps[0] -= 1
        if self.steps[0] < 0 or not self.code.spend():
            return []
        if self.local and name in self.local.names:
            return self.local.names[name]
        return self.code.bindings(self.file).names.get(name, [])

    def deeper(self, file: str | None = None, local: Bindings | None = None) -> _Lookup:
        if file is None:
            return _Lookup(self.code, self.file, local or self.local, self.left - 1, self.steps)
        return _Lookup(self.code, file, None, self.left - 1, self.steps)

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

    def is_app_class(self, node: ast.expr) -> bool:
        if self.left <= 0:
            return False
        if self.origin(node) in APP_CLASSES:
            return True
        match node:
            case ast.Name(id=name):
                for source in self.bound(name):
                    if isinstance(source, ast.ClassDef) and any(self.deeper().is_app_class(b) for b in source.bases):
                        return True
                    if isinstance(source, Import) and (where := self.follow(source)) and where[1]:
                        return self.deeper(where[0]).is_app_class(ast.Name(where[1]))
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                if file := self.module(name):
                    return self.deeper(file).is_app_class(ast.Name(attr))
        return False

    def definition(self, node: ast.expr) -> tuple[str, str] | None:
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

    def name_app(self, name: str) -> WsgiApp | None:
        if self.left <= 0:
            return None
        for source in self.bound(name):
            if isinstance(source, Assignment) and (app := self.deeper().value_app(source.value, name)):
                return app
            if not isinstance(source, Import) or not (where := self.follow(source)) or not where[1]:
                continue
            if app := self.deeper(where[0]).name_app(where[1]):
                return WsgiApp(app.file, app.line, "imported", app.factory)
        return None

    def value_app(self, value: ast.expr, name: str = "") -> WsgiApp | None:
        if self.left <= 0:
            return None
        match value:
            case ast.Call():
                return self.call_app(value, name)
            case ast.Name():
                return self.deeper().name_app(value.id) if value.id != name else None
            case ast.IfExp():
                return self.deeper().value_app(value.body, name) or self.deeper().value_app(value.orelse, name)
            case ast.Attribute(value=ast.Name(id=holder), attr=attr):
                if where := self.module(holder):
                    return self.deeper(where).name_app(attr)
                return self.held_app(holder, attr)
        return None

    def held_app(self, holder: str, attr: str) -> WsgiApp | None:
        """Return the Flask app inside another framework's object: `dash_app.server`."""
        for source in self.bound(holder):
            if isinstance(source, Assignment) and isinstance(source.value, ast.Call):
                made_by = self.origin(source.value.func)
                if made_by and APP_HOLDERS.get(made_by) == attr:
                    return WsgiApp(self.file, source.line, "made")
        return None

    def call_app(self, call: ast.Call, name: str) -> WsgiApp | None:
        if self.is_app_class(call.func):
            return WsgiApp(self.file, call.lineno, "made")
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        wraps = bool(call.args) and (called in WRAPPERS or name in WSGI_NAMES)
        if wraps and (app := self.deeper().value_app(call.args[0], name)):
            return WsgiApp(app.file, app.line, "wrapped", app.factory)
        factory = self.deeper().value_factory(call.func)
        if factory and not factory.problem:
            return WsgiApp(factory.file, factory.line, "called", factory)
        if called in FACTORY_NAMES and factory is None:
            return WsgiApp(self.file, call.lineno, "called")
        return None

    def value_factory(self, node: ast.expr) -> AppFactory | None:
        match node:
            case ast.Name(id=name):
                return self.name_factory(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                if file := self.module(name):
                    return self.deeper(file).name_factory(attr)
        return None

    def name_factory(self, name: str) -> AppFactory | None:
        if self.left <= 0:
            return None
        for source in self.bound(name):
            if isinstance(source, Function):
                return self.function(source)
            if isinstance(source, Import) and (where := self.follow(source)) and where[1]:
                return self.deeper(where[0]).name_factory(where[1])
        return None

    def function(self, function: Function) -> AppFactory | None:
        """Return a function as an app factory; None if it is none.

        It is one if it returns an app, or if it has a factory's name and returns something unknown.
        """
        inner = self.deeper(local=bindings_of(function.body))
        returns = returned_values(function)
        sure = any(inner.value_app(value) for value in returns)
        several = any(
            isinstance(value, ast.Tuple) and any(inner.value_app(part) for part in value.elts) for value in returns
        )
        annotated = function.returns is not None and self.is_app_class(function.returns)
        if not (sure or several or annotated or (function.name in FACTORY_NAMES and returns)):
            return None
        problem = ""
        required = required_arguments(function)
        if isinstance(function, ast.AsyncFunctionDef):
            problem = "it is async"
        elif several:
            problem = "it returns more than the app"
        elif any(decorator_name(node) not in {"cache", "lru_cache"} for node in function.decorator_list):
            problem = "it is decorated"
        return AppFactory(function.name, self.file, function.lineno, required, problem)
