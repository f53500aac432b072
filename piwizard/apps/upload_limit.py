"""Find the largest request that an app takes, as its code says to Flask."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.bindings import Assignment
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.name_lookup import find_definition
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.nginx.request_limits import MAX_UPLOAD_MIB
from piwizard.system.lazy_dataclass import dataclass

MIB = 1 << 20
SETTINGS = {"MAX_CONTENT_LENGTH": 1, "DROPZONE_MAX_FILE_SIZE": MIB}
"""Settings with the bytes of their unit. Flask-Dropzone counts in MiB."""
PATCH, PATCH_DEFAULT = "patch_request_class", 64 * MIB
"""Flask-Uploads' function that sets MAX_CONTENT_LENGTH, and its default."""
MAX_SETTINGS_PER_FILE = 100
MAX_DEPTH = 20
MAX_BITS = 64


@dataclass(frozen=True)
class UploadLimit:
    """The limit in MiB, rounded up, and the line that sets it."""

    mib: int
    setting: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """Return the reason as a person reads it."""
        return f"{self.setting} in {self.file}:{self.line}"


def find_upload_limit(checkout: RepositoryCheckout) -> tuple[UploadLimit, ...]:
    """Return the largest constant limit in a checkout; at most one."""
    code = CodeIndex.of(checkout)
    found = []
    for file in checkout.python:
        if is_script(file) or not checkout.mentions(file, PATCH.encode(), *(name.encode() for name in SETTINGS)):
            continue
        for setting, size, line in islice(_settings(code, file), MAX_SETTINGS_PER_FILE):
            if size is not None and 0 < size <= MAX_UPLOAD_MIB * MIB:
                found.append(UploadLimit(-(-size // MIB), setting, file, line))
    # Flask refuses what is larger, whatever an extension in the browser allows.
    by_flask = [one for one in found if one.setting != "DROPZONE_MAX_FILE_SIZE"]
    return tuple(sorted(by_flask or found, key=lambda one: -one.mib)[:1])


def _settings(code: CodeIndex, file: str) -> Iterator[tuple[str, int | None, int]]:
    """Yield the name, the bytes and the line of each setting of a limit."""
    for name, value in _assigned(code, file):
        size = whole_number(code, file, value)
        yield name, None if size is None else size * SETTINGS[name], value.lineno
    for node in code.checkout.nodes(file):
        if isinstance(node, ast.Call) and _last_part(node.func) == PATCH:
            size = whole_number(code, file, node.args[1]) if len(node.args) > 1 else PATCH_DEFAULT
            yield PATCH, size, node.lineno


def _assigned(code: CodeIndex, file: str) -> Iterator[tuple[str, ast.expr]]:
    for node in code.checkout.nodes(file):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((name, value) for target in targets for name in _named(target))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from ((name, value) for name in _named(target))
            case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=str(key)), value]):
                yield from ((name, value) for name in SETTINGS if name == key)
            case ast.Call(keywords=keywords):
                yield from ((one.arg, one.value) for one in keywords if one.arg in SETTINGS)
            case ast.Dict(keys=keys, values=values):
                for key_node, value in zip(keys, values, strict=True):
                    if isinstance(key_node, ast.Constant) and key_node.value in SETTINGS:
                        yield str(key_node.value), value


def _named(target: ast.expr) -> Iterator[str]:
    """Yield the setting that is assigned: a name, an item or an attribute."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            yield from (setting for setting in SETTINGS if setting in (name, name.upper()))


def whole_number(code: CodeIndex, file: str, node: ast.expr, left: int = MAX_DEPTH) -> int | None:
    """Return the constant number of an expression, or that of its default."""
    if left <= 0 or not code.spend():
        return None
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return int(value) if abs(value) < 2**MAX_BITS else None
        case ast.Constant(value=str(text)) if text.strip().isdecimal() and len(text) < MAX_DEPTH:
            return int(text)
        case ast.BinOp(left=first, op=operator, right=second):
            return _calculated(
                operator, whole_number(code, file, first, left - 1), whole_number(code, file, second, left - 1)
            )
        case ast.BoolOp(op=ast.Or(), values=values):
            return whole_number(code, file, values[-1], left - 1)
        case ast.Call(func=func, args=[inner]) if _last_part(func) in ("int", "float"):
            return whole_number(code, file, inner, left - 1)
        case ast.Call(func=func, args=[_, default]) if _last_part(func) in ("get", "getenv"):
            return whole_number(code, file, default, left - 1)
        case ast.Name() | ast.Attribute():
            return _of_name(code, file, node, left - 1)
    return None


def _of_name(code: CodeIndex, file: str, node: ast.expr, left: int) -> int | None:
    where = find_definition(code, file, node)
    if where is None:
        return None
    sources = code.everything(where[0]).names.get(where[1], [])
    values = [one.value for one in sources if isinstance(one, Assignment)]
    return whole_number(code, where[0], values[0], left) if len(values) == 1 else None


def _calculated(operator: ast.operator, first: int | None, second: int | None) -> int | None:
    if first is None or second is None or not 0 <= second < 2**MAX_BITS:
        return None
    match operator:
        case ast.Mult():
            result = first * second
        case ast.Add():
            result = first + second
        case ast.LShift() if second < MAX_BITS:
            result = first << second
        case ast.Pow() if second < MAX_BITS and abs(first) <= 2**10:
            result = first**second
        case _:
            return None
    return result if abs(result) < 2**MAX_BITS else None


def _last_part(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
