"""Find scripts that do more than start a server where they are run as programs.

What is written under `if __name__ == "__main__":` does not run where gunicorn imports the file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from piwizard.apps.app_resolver import SERVING_METHODS, is_app_call, resolve_app, resolve_factory
from piwizard.apps.bindings import Function, Import, decorator_name, is_main_guard
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.modules import imported_file
from piwizard.system.lazy_dataclass import dataclass

SERVER_FUNCTIONS = frozenset({"run_simple", "serve"})
SERVER_CLASSES = frozenset({"WSGIServer"})
"""Servers of gevent, whose `start()` returns: what follows is the script's own loop."""
PLAIN_SERVERS = frozenset({"HTTPServer", "ThreadingHTTPServer", "TCPServer", "ThreadingTCPServer", "UDPServer"})
"""Servers of Python's standard library, which serve no app that gunicorn could load."""
HARMLESS_CALLS = frozenset({
    "print", "get", "getenv", "int", "str", "bool", "float", "len", "join", "dirname", "abspath", "upper", "lower",
    "strip", "split", "Path", "info", "debug", "warning", "error", "basicConfig", "getLogger", "setLevel",
    "load_dotenv", "gethostname", "gethostbyname", "format", "range", "time", "now", "isoformat", "strftime", "exists",
    "Config", "dict",
    "ArgumentParser", "add_argument", "add_argument_group", "add_mutually_exclusive_group", "parse_args",
    "parse_known_args",
})  # fmt: skip
"""Calls that an app does not need when gunicorn serves it.

A command line for the server alone, such as its port, is harmless; a script that passes it on to the app sets more.
"""
HARMLESS_SETTINGS = frozenset({"debug", "DEBUG", "TEMPLATES_AUTO_RELOAD", "ENV", "env", "auto_reload", "bind"})
APP_NAMES = frozenset({"app", "application", "socketio", "server", "http_server", "uvicorn"})
SERVER_NAME = re.compile(r"App\b|Server\b|app\b|server\b")
"""The end of a class or function that makes a server: Server, create_app."""
MAX_DEPTH = 5


@dataclass(frozen=True)
class StartScript:
    """A file that starts a server for an app, and what else it does before.

    `more` is "" if it does nothing else. `origin` is where the app is created. `creates_app`: only running it creates
    the app.
    """

    file: str
    line: int
    guarded: bool
    more: str
    origin: tuple[str, int]
    creates_app: bool = False


@dataclass
class _Scan:
    """The statements of a block up to the start of the server."""

    code: CodeIndex
    file: str
    functions: dict[str, Function]
    used: frozenset[str]
    """The names that functions of the file read."""
    guarded: bool = False
    server: ast.Call | None = None
    app: ast.expr | None = None
    more: str = ""
    values: dict[str, ast.expr] | None = None

    def block(self, statements: Iterable[ast.stmt], left: int = MAX_DEPTH) -> None:
        """Read statements until one starts the server."""
        for statement in statements:
            if self.server is not None or left <= 0:
                return
            self._statement(statement, left - 1)

    def _statement(self, node: ast.stmt, left: int) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions[node.name] = node
            case ast.Try(body=body):
                self.block(body, left)
            case ast.If(body=body, orelse=orelse):
                self._calls(node.test, left)
                self.block(body, left)
                self.block(orelse, left)
            case ast.With(items=items, body=body):
                named = {
                    one.optional_vars.id: one.context_expr for one in items if isinstance(one.optional_vars, ast.Name)
                }
                self.values = {**(self.values or {}), **named}
                self.block(body, left)
            case ast.For(body=body) | ast.While(body=body):
                self.block(body, left)
            case ast.Assign(targets=targets, value=value):
                self._calls(value, left)
                for target in targets:
                    self._target(target, value)
            case ast.Expr() | ast.AnnAssign() | ast.AugAssign() | ast.Return():
                self._calls(node, left)

    def _target(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.values = {**(self.values or {}), target.id: value}
            known = target.id in self.code.bindings(self.file).names
            if target.id in self.used and not known and not self._makes_app(value):
                self._say(f"sets {target.id}", target)
        else:
            last = target.attr if isinstance(target, ast.Attribute) else _key(target)
            if last not in HARMLESS_SETTINGS:
                self._say(f"sets {ast.unparse(target)[:60]}", target)

    def _say(self, what: str, node: ast.AST) -> None:
        self.more = self.more or f"{what} (line {getattr(node, 'lineno', 1)})"

    def _calls(self, node: ast.AST, left: int) -> None:
        for call in _outer_calls(node):
            if self.server is not None:
                return
            started = self._started_server(call)
            name = decorator_name(call.func)
            if started is not None:
                self.server, self.app = call, started
            elif isinstance(call.func, ast.Name) and name in self.functions and self._serves(self.functions[name]):
                self.block(self.functions[name].body, left)
            elif (passed := self._server_in_arguments(call)) is not None:
                self._say(f"calls {name}()", call)
                self.server, self.app = call, passed
            elif name not in HARMLESS_CALLS and not self._makes_app(call):
                self._say(f"calls {ast.unparse(call.func)[:60]}()", call)

    def _makes_app(self, value: ast.expr) -> bool:
        if not isinstance(value, ast.Call):
            return False
        called = decorator_name(value.func)
        return (
            is_app_call(self.code, self.file, value)
            or called in {"SocketIO", "create_app", "make_app"}
            or resolve_factory(self.code, self.file, called) is not None
        )

    def _started_server(self, call: ast.Call) -> ast.expr | None:
        """Return the app that a call serves; None if it starts no server."""
        first = call.args[0] if call.args else None
        match call.func:
            case ast.Attribute(attr="serve_forever", value=server) if self._is_plain_server(server):
                return None
            case ast.Attribute(value=ast.Name(id=owner) as holder, attr=attr) if attr in SERVING_METHODS:
                return holder if self._is_app_name(owner) else None
            case ast.Attribute(attr="serve_forever"):
                return call.func.value
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in SERVER_CLASSES and self.guarded:
                return call.args[1] if len(call.args) > 1 else None
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in SERVER_FUNCTIONS and first is not None:
                return call.args[2] if name == "run_simple" and len(call.args) > 2 else first
        return None

    def _is_plain_server(self, node: ast.expr) -> bool:
        made = (self.values or {}).get(node.id) if isinstance(node, ast.Name) else node
        return isinstance(made, ast.Call) and decorator_name(made.func) in PLAIN_SERVERS

    def _is_app_name(self, name: str) -> bool:
        sources = self.code.bindings(self.file).names.get(name, [])
        if any(
            isinstance(one, Import)
            and one.name is None
            and name != "uvicorn"
            and imported_file(self.code.checkout, self.file, one.module, one.level) is None
            for one in sources
        ):
            return False  # such as subprocess.run
        if self._is_app(name):
            return True
        value = (self.values or {}).get(name)
        if isinstance(value, ast.Call):
            return self._may_be_server(value)
        return isinstance(value, ast.Name) and self._is_app(value.id)

    @property
    def creates_app(self) -> bool:
        """Return whether only running the file creates the app, as in its function main()."""
        name = self.app.id if isinstance(self.app, ast.Name) else ""
        value = (self.values or {}).get(name)
        known = name in self.code.bindings(self.file).names
        return not known and isinstance(value, ast.Call) and is_app_call(self.code, self.file, value)

    def _is_app(self, name: str) -> bool:
        return name in APP_NAMES or resolve_app(self.code, self.file, name) is not None

    def _may_be_server(self, call: ast.Call) -> bool:
        """Return whether a call may make an app or its server: not one that makes a scheduler or a thread."""
        given = [*call.args, *(word.value for word in call.keywords)]
        of_app = any(isinstance(one, ast.Name) and self._is_app(one.id) for one in given)
        return self._makes_app(call) or of_app or bool(SERVER_NAME.search(decorator_name(call.func)))

    def _server_in_arguments(self, call: ast.Call, seen: set[str] | None = None) -> ast.expr | None:
        """Return the app of a server that a call starts in a thread.

        `seen` are the functions that were read before: one that plans its next run passes itself.
        """
        for value in [*call.args, *(word.value for word in call.keywords)]:
            if isinstance(value, ast.Attribute) and value.attr in SERVING_METHODS and isinstance(value.value, ast.Name):
                return value.value if self._is_app_name(value.value.id) else None
            if isinstance(value, ast.Name) and self._is_serving_function(value.id, seen):
                return value
            if isinstance(value, ast.Lambda) and isinstance(value.body, ast.Call):
                return self._started_server(value.body)
        return None

    def _is_serving_function(self, name: str, seen: set[str] | None) -> bool:
        return name in self.functions and self._serves(self.functions[name], seen)

    def _serves(self, function: Function, seen: set[str] | None = None) -> bool:
        known = set() if seen is None else seen
        if function.name in known:
            return False
        known.add(function.name)
        calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
        return any(self._started_server(call) is not None or self._server_in_arguments(call, known) for call in calls)


def find_start_script(code: CodeIndex, file: str) -> StartScript | None:
    """Return what a file does when it is run as a program; None if it serves nothing."""
    tree = code.checkout.parsed(file)
    if tree is None or not code.checkout.mentions(file, b"run", b"serve", b"WSGIServer"):
        return None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    used = frozenset(
        name
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in _global_names(one)
    )
    guarded = [statement for node in tree.body if isinstance(node, ast.If) and is_main_guard(node.test)
               for statement in node.body]  # fmt: skip
    plain = [node for node in tree.body if not (isinstance(node, ast.If) and is_main_guard(node.test))]
    values: dict[str, ast.expr] | None = None
    for body, under_guard in ((plain, False), (guarded, True)):
        scan = _Scan(code, file, dict(functions), used, under_guard, values=values)
        scan.block(body)
        if scan.server is not None:
            creates = scan.creates_app
            more = (scan.more or ("creates the app" if creates else "")) if under_guard else ""
            return StartScript(file, scan.server.lineno, under_guard, more, _origin(scan), creates)
        values = scan.values
    return None


def _global_names(function: Function) -> set[str]:
    """Return the names that a function reads and does not set itself."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    declared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    return {node.id for node in names if isinstance(node.ctx, ast.Load)} - (own - declared)


def _origin(scan: _Scan) -> tuple[str, int]:
    """Return where the served app is created; the script itself if that is not clear."""
    name = scan.app.id if isinstance(scan.app, ast.Name) else ""
    if app := resolve_app(scan.code, scan.file, name):
        return app.file, app.line
    value = (scan.values or {}).get(name)
    if isinstance(value, ast.Call) and (made := resolve_factory(scan.code, scan.file, decorator_name(value.func))):
        return made.file, made.line
    for other in scan.code.bindings(scan.file).names:  # socketio.run(app)
        if other in ("app", "application") and (app := resolve_app(scan.code, scan.file, other)):
            return app.file, app.line
    return scan.file, scan.server.lineno if scan.server else 1


def _outer_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a statement, the outer ones first, without those in lambdas."""
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, ast.Call):
            yield one
        if not isinstance(one, ast.Lambda):
            waiting += ast.iter_child_nodes(one)


def _key(target: ast.expr) -> str:
    found = target.slice if isinstance(target, ast.Subscript) else None
    return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else ""
