"""Find the Flask app or app factory that a name in the code refers to."""

from __future__ import annotations

import ast

from piwizard.apps.bindings import (
    Assignment,
    Function,
    Import,
    bindings_of,
    decorator_name,
    required_arguments,
    returned_values,
)
from piwizard.apps.code_index import APP_CLASSES, CodeIndex
from piwizard.apps.name_lookup import NameLookup
from piwizard.system.lazy_dataclass import dataclass

FACTORY_NAMES = ("create_app", "make_app")
APP_HOLDERS = {("dash", "Dash"): "server", ("connexion", "App"): "app", ("connexion", "FlaskApp"): "app"}
WRAPPERS = frozenset({"ProxyFix", "DispatcherMiddleware", "WhiteNoise", "SharedDataMiddleware", "ProfilerMiddleware"})
WSGI_NAMES = frozenset({"app", "application", "wsgi", "wsgi_app"})
SERVING_METHODS = frozenset({"run", "run_server", "serve_forever"})


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


def resolve_app(code: CodeIndex, file: str, name: str) -> WsgiApp | None:
    """Return the Flask app that a name in a file refers to."""
    return _AppLookup(code, file).name_app(name)


def resolve_factory(code: CodeIndex, file: str, name: str) -> AppFactory | None:
    """Return the app factory that a name in a file refers to."""
    return _AppLookup(code, file).name_factory(name)


def is_app_call(code: CodeIndex, file: str, call: ast.Call) -> bool:
    """Return whether a call creates a Flask object, by an alias or subclass too."""
    return _AppLookup(code, file, code.everything(file)).is_app_class(call.func)


def held_attribute(code: CodeIndex, file: str, call: ast.Call) -> str:
    """Return where another framework's object has its Flask app; "" for other calls."""
    made_by = _AppLookup(code, file, code.everything(file)).origin(call.func)
    return APP_HOLDERS.get(made_by, "") if made_by else ""


def find_blocking_call(code: CodeIndex, file: str) -> int | None:
    """Return the line of an `app.run()` that would block the import of the file."""
    for call in code.bindings(file).calls:
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
            continue
        owner = call.func.value.id
        if call.func.attr in SERVING_METHODS and (
            owner in {"app", "application", "socketio"} or resolve_app(code, file, owner)
        ):
            return call.lineno
    return None


class _AppLookup(NameLookup):
    """A lookup of Flask apps and app factories."""

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
