"""Tell code that runs when an app starts from code that runs for its visitors.

Functions are followed by their bare names: two methods of the same name count as one. That finds too much rather than
too little, which costs an app some speed, never its correctness.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import field

from piwizard.apps.app_resolver import FACTORY_NAMES
from piwizard.apps.bindings import Function, decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.modules import folders_above, imported_file, join_path, submodule_file
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.system.lazy_dataclass import dataclass

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DYNAMIC_IMPORTS = (b"import_module", b"__import__", b"find_modules", b"iter_modules", b"import_string")
START_DECORATORS = frozenset({"before_first_request", "before_serving", "while_serving", "on_event", "lifespan"})
PLAIN_DECORATORS = frozenset(
    {"setter", "getter", "deleter", "wraps", "command", "group", "cache", "lru_cache", "contextmanager", "dataclass"}
)
"""Decorators with a dot that register nothing for visitors."""
VIEW_CLASSES = ("View", "Resource", "Namespace", "Handler", "Thread", "ModelView")
"""Ends of the names of base classes whose methods others call."""
THREAD_CLASSES = ("Thread", "Process")
"""Ends of the names of base classes whose method run() runs beside the app."""
START_METHODS = ("__init__", "__post_init__", "__new__", "__enter__")
MAX_APP_FILES = 400


def files_of_app(checkout: RepositoryCheckout, entry_file: str) -> tuple[str, ...]:
    """Return the Python files that an app imports, its own first.

    All files count if the entry is not known or imports modules by names that are computed.
    """
    everything = tuple(file for file in checkout.python if not is_script(file) or file == entry_file)
    if entry_file not in checkout.python:
        return everything[:MAX_APP_FILES]
    found: dict[str, None] = {}
    waiting = [entry_file]
    while waiting and len(found) < MAX_APP_FILES:
        file = waiting.pop(0)
        if file in found:
            continue
        found[file] = None
        waiting += _imported_files(checkout, file)
    if any(checkout.mentions(file, *DYNAMIC_IMPORTS) for file in found):
        return tuple(dict.fromkeys([*found, *everything]))[:MAX_APP_FILES]
    return tuple(found)


def _imported_files(checkout: RepositoryCheckout, file: str) -> Iterator[str]:
    for folder in folders_above(file)[:-1]:  # importing a module loads the packages above it
        if checkout.is_file(init := join_path(folder, "__init__.py")):
            yield init
    for node in checkout.nodes(file):
        wanted: list[tuple[str, int, list[str]]] = []
        if isinstance(node, ast.Import):
            wanted = [(alias.name, 0, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [(node.module or "", node.level, [alias.name for alias in node.names])]
        for module, level, names in wanted:
            target = imported_file(checkout, file, module, level) if module or level else None
            if target is not None:
                yield target
                yield from (inner for name in names if (inner := submodule_file(checkout, target, name)))
            for name in names:  # folders without __init__.py
                if inner := imported_file(checkout, file, f"{module}.{name}" if module else name, level):
                    yield inner


@dataclass(frozen=True)
class AppFunction:
    """A function or method of an app, and the functions around it."""

    file: str
    node: Function
    owner: ast.ClassDef | None
    around: tuple[Function, ...] = ()


@dataclass
class CallGraph:
    """An app's functions, and which of them run at its start and later."""

    files: tuple[str, ...]
    functions: list[AppFunction] = field(default_factory=list)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    at_start: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    start_nodes: list[tuple[str, ast.AST]] = field(default_factory=list)
    """The nodes that run when the app is loaded or started as a script."""

    @classmethod
    def of(cls, code: CodeIndex, files: tuple[str, ...], factory: str = "") -> CallGraph:
        """Return the graph of these files; `factory` names what creates the app."""
        graph = cls(files)
        for file in files:
            tree = code.checkout.parsed(file)
            if tree is not None:
                graph._collect(file, tree.body, None, ())
        loaded = [
            (file, node) for file in files if (tree := code.checkout.parsed(file)) for node in own_nodes(tree.body)
        ]
        graph.start_nodes = loaded
        inner = {name: frozenset(names) for name, names in graph._called_names().items()}
        first = {name for _, node in loaded for name in _called(node)} | set(FACTORY_NAMES) | {factory}
        first |= {one.node.name for one in graph.functions if _has_decorator(one.node, START_DECORATORS)}
        graph.at_start = _closure(first, inner)
        graph.later = _closure(graph._called_later(), inner)
        graph.start_nodes = loaded + [
            (one.file, node)
            for one in graph.functions
            if one.node.name in graph.at_start and not is_registered(one.node)
            for node in own_nodes(one.node.body)
        ]
        return graph

    @property
    def thread_classes(self) -> frozenset[str]:
        """Return the app's own classes of threads and processes."""
        return frozenset(
            name
            for name, node in self.classes.items()
            if any(decorator_name(base).endswith(THREAD_CLASSES) for base in node.bases)
        )

    def _collect(
        self, file: str, body: Iterable[ast.AST], owner: ast.ClassDef | None, around: tuple[Function, ...]
    ) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.append(AppFunction(file, node, owner, around))
                self._collect(file, node.body, None, (node, *around))
            elif isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
                self._collect(file, node.body, node, around)
            elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                self._collect(file, ast.iter_child_nodes(node), owner, around)

    def _called_names(self) -> dict[str, set[str]]:
        """Return the names that each function calls; a class calls its start methods."""
        found: dict[str, set[str]] = {}
        for one in self.functions:
            names = found.setdefault(one.node.name, set())
            for node in own_nodes(one.node.body):
                names.update(_called(node))
        for name, node in self.classes.items():
            run = {"run"} if any(decorator_name(base).endswith(THREAD_CLASSES) for base in node.bases) else set()
            own = {part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
            found.setdefault(name, set()).update(own & {*START_METHODS, *run})
        return found

    def _called_later(self) -> set[str]:
        """Return the functions registered for visitors or passed on as callbacks."""
        found: set[str] = set()
        for one in self.functions:
            bases = [decorator_name(base) for base in one.owner.bases] if one.owner else []
            if is_registered(one.node) or any(base.endswith(VIEW_CLASSES) for base in bases):
                found.add(one.node.name)
        known = {one.node.name for one in self.functions}
        everything = [node for _, node in self._every_node()]
        return found | {name for node in everything for name in _passed(node) if name in known}

    def _every_node(self) -> Iterator[tuple[str, ast.AST]]:
        for one in self.functions:
            for node in own_nodes(one.node.body):
                yield one.file, node
        yield from self.start_nodes


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a block, without the bodies of functions in it."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += node.decorator_list[::-1]
        elif not isinstance(node, ast.Lambda):
            waiting += list(ast.iter_child_nodes(node))[::-1]


def is_registered(function: Function) -> bool:
    """Return whether a decorator such as `@app.route(…)` registers the function."""
    for node in function.decorator_list:
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Attribute) and called.attr not in PLAIN_DECORATORS | START_DECORATORS:
            return True
    return False


def _has_decorator(function: Function, names: frozenset[str]) -> bool:
    return any(decorator_name(node) in names for node in function.decorator_list)


def _called(node: ast.AST) -> Iterator[str]:
    """Yield the names of the functions that a node calls or starts in a thread."""
    if not isinstance(node, ast.Call):
        return
    yield decorator_name(node.func)
    first = (
        node.args[:1] if decorator_name(node.func) in {"start_background_task", "start_new_thread", "submit"} else []
    )
    for value in [*first, *(word.value for word in node.keywords if word.arg in {"target", "func", "function"})]:
        yield decorator_name(value)


def _passed(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node passes on without calling them."""
    values: list[ast.expr] = []
    match node:
        case ast.Call():
            values = [*node.args, *(word.value for word in node.keywords)]
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value):
            values = [value]
    for value in values:
        if isinstance(value, ast.Name | ast.Attribute):
            yield decorator_name(value)


def _closure(first: Iterable[str], inner: dict[str, frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [name for name in first if name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += inner.get(name, ())
    return frozenset(found)
