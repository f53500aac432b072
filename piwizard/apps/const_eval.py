"""Evaluate constant texts and paths in an app's code without running it."""

from __future__ import annotations

import ast
import posixpath

from piwizard.apps.bindings import Assignment
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.modules import parent_folder
from piwizard.apps.name_lookup import find_definition
from piwizard.system.lazy_dataclass import dataclass

# Represents the checkout in paths built from __file__, so that posixpath can work on them.
CHECKOUT_ROOT = "/<checkout>"
HOME_ROOT = "/<home>"
"""Represents the home folder of whoever runs the app, as CHECKOUT_ROOT does the checkout."""
MAX_TEXT_LENGTH = 4096
MAX_DEPTH = 25
PATH_PRESERVING_CALLS = frozenset(
    {"abspath", "realpath", "normpath", "resolve", "absolute", "as_posix", "fspath", "str"}
)
EXPANDING_CALLS = frozenset({"expanduser", "expandvars"})
HOME_WORDS = frozenset({"~", "$HOME", "${HOME}"})
PATH_CLASSES = frozenset({"Path", "PurePath", "PosixPath"})


def path_in_checkout(path: str, start: str = "") -> str | None:
    """Return a path of the code relative to the checkout; None if it leads out of it.

    `start` is the folder that "." refers to.
    """
    full = posixpath.normpath(posixpath.join(CHECKOUT_ROOT, start, path))
    if full == CHECKOUT_ROOT:
        return ""
    return full.removeprefix(f"{CHECKOUT_ROOT}/") if full.startswith(f"{CHECKOUT_ROOT}/") else None


def expand_home(path: str) -> str:
    """Return a path as os.path.expanduser and os.path.expandvars do."""
    first, slash, rest = path.partition("/")
    if first in HOME_WORDS:
        return f"{HOME_ROOT}{slash}{rest}"
    return f"/home/{path[1:]}" if first.startswith("~") else path


@dataclass(frozen=True)
class ConstantEvaluator:
    """Evaluates expressions of one file."""

    code: CodeIndex
    file: str

    def text(self, node: ast.expr | None, left: int = MAX_DEPTH) -> str | None:
        """Return the text or path of an expression; None if it is not constant."""
        value = None if node is None or left <= 0 or not self.code.spend() else self._value(node, left - 1)
        return value if value is not None and len(value) <= MAX_TEXT_LENGTH else None

    def _value(self, node: ast.expr, left: int) -> str | None:
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name):
                return self._name(name, left)
            case ast.JoinedStr(values=values):
                return self._joined([v.value if isinstance(v, ast.FormattedValue) else v for v in values], left)
            case ast.BinOp(left=first, op=ast.Add(), right=second):
                return self._joined([first, second], left)
            case ast.BinOp(left=first, op=ast.Div(), right=second):
                return self._path([first, second], left)
            case ast.BinOp(left=ast.Constant(value=str(form)), op=ast.Mod(), right=second) if form.count("%") == 1:
                text = self.text(second, left)
                return form.replace("%s", text) if text is not None and "%s" in form else None
            case ast.BoolOp(op=ast.Or(), values=values):
                return next((text for value in values if (text := self.text(value, left)) is not None), None)
            case ast.IfExp(body=body, orelse=orelse):
                first_text = self.text(body, left)
                return self.text(orelse, left) if first_text is None else first_text
            case ast.Attribute(value=inner, attr=attr):
                return self._attribute(inner, attr, left)
            case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(count))):
                path = self.text(inner, left)
                for _ in range(min(count + 1, MAX_DEPTH)):
                    path = posixpath.dirname(path) if path else path
                return path
            case ast.Call():
                return self._call(node, left)
        return HOME_ROOT if _is_home(node) else None

    def _name(self, name: str, left: int) -> str | None:
        if name == "__file__":
            return f"{CHECKOUT_ROOT}/{self.file}"
        where = find_definition(self.code, self.file, ast.Name(name))
        if where is None:
            return None
        if where in self.code.texts:
            return self.code.texts[where]
        self.code.texts[where] = None  # until it is known: ends circular definitions
        there = ConstantEvaluator(self.code, where[0])
        for source in self.code.everything(where[0]).names.get(where[1], []):
            if isinstance(source, Assignment) and (text := there.text(source.value, left)) is not None:
                self.code.texts[where] = text
                return text
        return None

    def _attribute(self, inner: ast.expr, attr: str, left: int) -> str | None:
        if attr == "parent":
            path = self.text(inner, left)
            return None if path is None else posixpath.dirname(path)
        if attr == "instance_path":
            return f"{CHECKOUT_ROOT}/instance"
        if attr == "root_path":
            return posixpath.join(CHECKOUT_ROOT, self._folder_of_app(inner))
        if attr == "static_folder":
            return posixpath.join(CHECKOUT_ROOT, self._folder_of_app(inner), "static")
        where = find_definition(self.code, self.file, ast.Attribute(inner, attr))
        return ConstantEvaluator(self.code, where[0])._name(where[1], left) if where else None

    def _folder_of_app(self, app: ast.expr) -> str:
        """Return the folder of the file that creates a Flask app."""
        where = find_definition(self.code, self.file, app)
        if where:
            return parent_folder(where[0])
        if isinstance(app, ast.Name) and app.id == "current_app":
            creating = [
                file for file in self.code.checkout.python if self.code.checkout.mentions(file, b"Flask(__name__")
            ]
            return parent_folder(creating[0] if len(creating) == 1 else self.file)
        return parent_folder(self.file)

    def _call(self, call: ast.Call, left: int) -> str | None:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in {"join", "joinpath"} and not isinstance(owner, ast.Constant):
            first = [owner] if name == "joinpath" and owner else []
            return self._path([*first, *call.args], left)
        if name == "format" and isinstance(owner, ast.Constant) and isinstance(owner.value, str):
            return self._formatted(owner.value, call.args, left)
        if name == "dirname" and call.args:
            path = self.text(call.args[0], left)
            return None if path is None else posixpath.dirname(path)
        if name in EXPANDING_CALLS:
            path = self.text(call.args[0] if call.args else owner, left)
            return None if path is None else expand_home(path)
        if _is_home(call):
            return HOME_ROOT
        if name in PATH_PRESERVING_CALLS or name in PATH_CLASSES:
            inner = call.args[0] if call.args else owner
            if name in PATH_CLASSES and len(call.args) > 1:
                return self._path(call.args, left)
            return self.text(inner, left)
        if name in {"get", "getenv", "setdefault"} and len(call.args) == 2:
            return self.text(call.args[1], left)
        return CHECKOUT_ROOT if name in {"getcwd", "cwd"} else None

    def _joined(self, parts: list[ast.expr], left: int) -> str | None:
        texts = [self.text(part, left) for part in parts]
        known = [text for text in texts if text is not None]
        return "".join(known) if len(known) == len(texts) else None

    def _formatted(self, form: str, arguments: list[ast.expr], left: int) -> str | None:
        """Evaluate simple calls such as `"…{}…{0}".format(a)`."""
        for index, argument in enumerate(arguments[:MAX_DEPTH]):
            text = self.text(argument, left)
            if text is None:
                return None
            form = form.replace(f"{{{index}}}", text).replace("{}", text, 1)
        return form if "{" not in form and len(form) <= MAX_TEXT_LENGTH else None

    def _path(self, parts: list[ast.expr], left: int) -> str | None:
        texts = [self.text(part, left) for part in parts]
        known = [text for text in texts if text is not None]
        return posixpath.join(known[0], *known[1:]) if known and len(known) == len(texts) else None


def _is_home(node: ast.expr) -> bool:
    """Return whether an expression is the home folder: Path.home(), os.getenv("HOME"), os.environ["HOME"]."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Path") | ast.Attribute(attr="Path"), attr="home")):
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[ast.Constant(value="HOME"), *_]):
            return name in {"get", "getenv"}
        case ast.Subscript(
            value=ast.Attribute(attr="environ") | ast.Name(id="environ"), slice=ast.Constant(value="HOME")
        ):
            return True
    return False
