"""Find variables that an app keeps in memory and changes for its visitors."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from piwizard.apps.app_resolver import resolve_app
from piwizard.apps.bindings import Assignment, Function, decorator_name
from piwizard.apps.call_graph import AppFunction, CallGraph, own_nodes
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.name_lookup import find_definition
from piwizard.apps.process_model import STATE, ProcessFinding
from piwizard.system.lazy_dataclass import dataclass

MUTABLE_CALLS = frozenset({
    "dict", "list", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter", "Queue", "SimpleQueue",
    "LifoQueue", "TTLCache", "LRUCache", "LFUCache", "FIFOCache", "TLRUCache", "ExpiringDict", "WeakValueDictionary",
    "PriorityQueue", "SimpleNamespace", "array", "Value", "count", "load", "loads", "safe_load", "deepcopy", "fromkeys",
    "Array", "zeros", "ones", "full",
})  # fmt: skip
"""Calls that return something that can be changed, such as json.load()."""
MUTATING_METHODS = frozenset({
    "append", "appendleft", "add", "update", "pop", "popleft", "popitem", "remove", "discard", "insert", "extend",
    "clear", "setdefault", "sort", "reverse", "put", "put_nowait", "rotate", "subtract",
})  # fmt: skip
MUTABLE_LITERALS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAX_STATES = 20
START_ONLY = ("__init__", "__post_init__", "__new__", "init_app")


def find_shared_state(code: CodeIndex, graph: CallGraph) -> Iterator[ProcessFinding]:
    """Yield the variables that functions change later, the first place of each."""
    seen: set[tuple[str, str]] = set()
    instances = _class_instances(code, graph)
    for function in graph.functions:
        if function.node.name not in graph.later or function.node.name in START_ONLY:
            continue
        for change in _Changes(code, graph, function, instances).found():
            key = (function.file, change.name)
            if key not in seen and len(seen) < MAX_STATES:
                seen.add(key)
                why = f"keeps {change.name} in memory, and {function.node.name}() changes it"
                yield ProcessFinding(STATE, why, function.file, change.line)


def _class_instances(code: CodeIndex, graph: CallGraph) -> dict[str, str]:
    """Return the classes of the app with an object in a variable of a module, and its name."""
    found: dict[str, str] = {}
    for file in graph.files:
        for name, sources in code.bindings(file).names.items():
            for source in sources:
                if isinstance(source, Assignment) and isinstance(source.value, ast.Call):
                    made = decorator_name(source.value.func)
                    if made in graph.classes:
                        found.setdefault(made, name)
    return found


@dataclass(frozen=True)
class _Change:
    name: str
    line: int


@dataclass(frozen=True)
class _Changes:
    """Looks for changes in one function."""

    code: CodeIndex
    graph: CallGraph
    function: AppFunction
    instances: dict[str, str]

    def found(self) -> Iterator[_Change]:
        body = self.function.node.body
        declared = {name for node in own_nodes(body) if isinstance(node, ast.Global) for name in node.names}
        outer = {name for node in own_nodes(body) if isinstance(node, ast.Nonlocal) for name in node.names}
        local = _local_names(self.function.node) - declared - outer
        for node in own_nodes(body):
            line = getattr(node, "lineno", self.function.node.lineno)
            for target in _assigned(node):
                if isinstance(target, ast.Name):
                    if target.id in declared or (target.id in outer and self._kept_around(target.id, any_value=True)):
                        yield _Change(target.id, line)
                elif name := self._shared(target, local):
                    yield _Change(name, line)
            if (holder := _mutated(node)) and (name := self._shared(ast.Subscript(holder, ast.Constant(0)), local)):
                yield _Change(name, line)

    def _shared(self, target: ast.expr, local: set[str]) -> str | None:
        """Return the name of the shared variable in which `target` is an item or an attribute."""
        chain: list[ast.Subscript | ast.Attribute] = []
        inner = target
        while isinstance(inner, ast.Subscript | ast.Attribute):
            chain.insert(0, inner)
            inner = inner.value
        if not isinstance(inner, ast.Name) or not chain:
            return None
        first, name = chain[0], inner.id
        attribute = first.attr if isinstance(first, ast.Attribute) else None
        if name in ("self", "cls") and self.function.owner is not None:
            return self._shared_by_object(self.function.owner, name, chain)
        if name in local:
            return None
        if attribute == "config" and len(chain) > 1 and self._is_app(name):
            return f"{name}.config"
        if attribute is not None and (where := find_definition(self.code, self.function.file, first)):
            whole = len(chain) == 1  # a variable of another module: itself, or something in it
            return f"{name}.{attribute}" if whole or self._holds(where, chain[1:]) else None
        where = find_definition(self.code, self.function.file, inner)
        around = self._kept_around(name, any_value=False)
        return name if around or (where is not None and self._holds(where, chain)) else None

    def _shared_by_object(
        self, owner: ast.ClassDef, name: str, chain: list[ast.Subscript | ast.Attribute]
    ) -> str | None:
        """Return the attribute that a method changes, if all requests share the object."""
        first = chain[0]
        if not isinstance(first, ast.Attribute) or (name == "self" and owner.name not in self.instances):
            return None
        shown = f"{self.instances.get(owner.name, owner.name)}.{first.attr}"
        return shown if len(chain) == 1 or _has_mutable_attribute(owner, first.attr) else None

    def _is_app(self, name: str) -> bool:
        return name == "current_app" or resolve_app(self.code, self.function.file, name) is not None

    def _holds(self, where: tuple[str, str], chain: list[ast.Subscript | ast.Attribute]) -> bool:
        """Return whether a variable of a module holds something in which `chain` is kept."""
        sources = self.code.bindings(where[0]).names.get(where[1], [])
        return any(self._keeps(source, chain) for source in sources)

    def _keeps(self, source: object, chain: list[ast.Subscript | ast.Attribute]) -> bool:
        if isinstance(source, ast.ClassDef):
            return _keeps_attribute(source, chain)
        if isinstance(source, ast.FunctionDef):  # view.count += 1
            return isinstance(chain[0], ast.Attribute)
        if not isinstance(source, Assignment):
            return False
        if isinstance(source.value, ast.Call) and (made := self.graph.classes.get(decorator_name(source.value.func))):
            return _keeps_attribute(made, chain)
        return self._is_mutable_value(source.value)

    def _is_mutable_value(self, value: ast.expr) -> bool:
        if _is_mutable_value(value):
            return True
        made = decorator_name(value.func) if isinstance(value, ast.Call) else ""
        return made in self.graph.classes or any(
            _returns_mutable(one.node) for one in self.graph.functions if one.node.name == made
        )

    def _kept_around(self, name: str, *, any_value: bool) -> bool:
        """Return whether a function around this one that runs at the start holds a variable."""
        for outer in self.function.around:
            if name in _local_names(outer):
                values = [
                    node.value
                    for node in own_nodes(outer.body)
                    if isinstance(node, ast.Assign)
                    and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
                ]
                return outer.name in self.graph.at_start and (
                    any_value or any(self._is_mutable_value(value) for value in values)
                )
        return False


def _local_names(function: Function) -> set[str]:
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *(one for one in (spec.vararg, spec.kwarg) if one)]
    found = {one.arg for one in named}
    for node in own_nodes(function.body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return found


def _is_mutable_value(value: ast.expr) -> bool:
    match value:
        case ast.BinOp(left=left):  # [0] * 8
            return _is_mutable_value(left)
        case ast.IfExp(body=body, orelse=other):
            return _is_mutable_value(body) or _is_mutable_value(other)
        case ast.BoolOp(values=values):  # load() or {}
            return any(map(_is_mutable_value, values))
    made = decorator_name(value.func) if isinstance(value, ast.Call) else ""
    return isinstance(value, MUTABLE_LITERALS) or made in MUTABLE_CALLS


def _returns_mutable(function: Function) -> bool:
    """Return whether a function returns something that its caller can change, by itself or by a name."""
    nodes = list(own_nodes(function.body))
    values = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    names = {value.id for value in values if isinstance(value, ast.Name)}
    values += [
        node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id in names for target in node.targets)
    ]
    return any(map(_is_mutable_value, values))


def _keeps_attribute(owner: ast.ClassDef, chain: list[ast.Subscript | ast.Attribute]) -> bool:
    """Return whether an attribute of an object of the app is assigned, or changed in place.

    Not what its methods do: `database.update(…)` may write to a file.
    """
    first = chain[0]
    if not isinstance(first, ast.Attribute):
        return False
    return len(chain) == 1 or _has_mutable_attribute(owner, first.attr)


def _has_mutable_attribute(owner: ast.ClassDef, name: str) -> bool:
    for node in ast.walk(owner):
        if isinstance(node, ast.Assign) and _is_mutable_value(node.value):
            for target in node.targets:
                if (isinstance(target, ast.Attribute) and target.attr == name) or (
                    isinstance(target, ast.Name) and target.id == name
                ):
                    return True
    return False


def _assigned(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that a node assigns to or deletes."""
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from _parts(targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            yield target
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _parts([target])
        case ast.NamedExpr(target=target):
            yield target
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _parts([target])


def _mutated(node: ast.AST) -> ast.expr | None:
    """Return what a call changes in place."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in MUTATING_METHODS:
            return value
        case ast.Call(func=ast.Name(id="next"), args=[ast.Name() as counter]):
            return counter
    return None


def _parts(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _parts(target.elts)
        else:
            yield target.value if isinstance(target, ast.Starred) else target
