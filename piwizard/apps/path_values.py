"""Find the paths that an expression may be, as far as the code shows them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product

from piwizard.apps.bindings import decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import (
    EXPANDING_CALLS,
    PATH_CLASSES,
    PATH_PRESERVING_CALLS,
    ConstantEvaluator,
    expand_home,
)
from piwizard.apps.passed_values import PassedValues
from piwizard.system.lazy_dataclass import dataclass

MAX_VALUES = 50
MAX_DEPTH = 8


@dataclass(frozen=True)
class PathValue:
    """A path, or only its beginning if it is not `whole`.

    What follows is known when the app runs.
    """

    text: str
    whole: bool = True

    @property
    def folder(self) -> str:
        """Return the folder that the known beginning names."""
        return self.text.rpartition("/")[0]


@dataclass(frozen=True)
class PathValues:
    """Evaluates the path expressions of one file."""

    code: CodeIndex
    file: str

    def of(self, node: ast.expr | None, left: int = MAX_DEPTH) -> tuple[PathValue, ...]:
        """Return the values of an expression, without repetitions."""
        if node is None or left <= 0 or not self.code.spend():
            return ()
        known = self.code.checkout.memory.setdefault("path values", {})
        assert isinstance(known, dict)
        if id(node) not in known:
            known[id(node)] = ()  # until they are known: ends circular definitions
            text = ConstantEvaluator(self.code, self.file).text(node)
            values = self._values(node, left - 1) if text is None else (PathValue(text),)
            known[id(node)] = tuple(islice(dict.fromkeys(values), MAX_VALUES))
        return known[id(node)]  # type: ignore[no-any-return]

    def _values(self, node: ast.expr, left: int) -> Iterator[PathValue]:
        match node:
            case ast.JoinedStr(values=values):
                yield from self._one_after_another(values, "", left)
            case ast.FormattedValue(value=value):
                yield from self.of(value, left)
            case ast.BinOp(left=first, op=ast.Add(), right=second):
                yield from self._one_after_another([first, second], "", left)
            case ast.BinOp(left=first, op=ast.Div(), right=second):
                yield from self._one_after_another([first, second], "/", left)
            case ast.BinOp(left=ast.Constant(value=str(form)), op=ast.Mod()) if "%" in form:
                yield PathValue(form.partition("%")[0], whole=False)
            case ast.IfExp(body=first, orelse=second):
                yield from self.of(first, left)
                yield from self.of(second, left)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.of(value, left)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(form)), attr="format")) if "{" in form:
                yield PathValue(form.partition("{")[0], whole=False)
            case ast.Call():
                yield from self._of_call(node, left)
            case _:
                passed = PassedValues.of(self.code).of_expression(self.file, node, 1)
                for file, value in islice(passed, MAX_VALUES):
                    yield from PathValues(self.code, file).of(value, left)

    def _of_call(self, call: ast.Call, left: int) -> Iterator[PathValue]:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = decorator_name(call.func)
        if name in {"join", "joinpath"} and not isinstance(owner, ast.Constant):
            first = [owner] if name == "joinpath" and owner else []
            yield from self._one_after_another([*first, *call.args], "/", left)
        elif name in PATH_CLASSES and len(call.args) > 1:
            yield from self._one_after_another(call.args, "/", left)
        elif name in PATH_PRESERVING_CALLS or name in PATH_CLASSES:
            yield from self.of(call.args[0] if call.args else owner, left)
        elif name in EXPANDING_CALLS:
            for one in self.of(call.args[0] if call.args else owner, left):
                yield replace(one, text=expand_home(one.text))
        elif name == "dirname" and call.args:
            yield from (PathValue(one.folder) for one in self.of(call.args[0], left) if one.whole)

    def _one_after_another(self, parts: Sequence[ast.expr], between: str, left: int) -> Iterator[PathValue]:
        """Yield the joined values of the parts up to the first one that is not known."""
        known: list[tuple[PathValue, ...]] = []
        for part in parts:
            values = self.of(part, left)
            if not values:
                break
            known.append(values)
        for values in islice(product(*known), MAX_VALUES) if known else ():
            yield _joined(values, between, complete=len(known) == len(parts))


def _joined(values: Sequence[PathValue], between: str, *, complete: bool) -> PathValue:
    text = ""
    for number, value in enumerate(values):
        apart = between if number and text and not text.endswith("/") else ""
        text = value.text if between and value.text.startswith("/") else f"{text}{apart}{value.text}"
        if not value.whole:
            return PathValue(text, whole=False)
    return PathValue(text) if complete else PathValue(f"{text.rstrip('/')}/" if between else text, whole=False)
