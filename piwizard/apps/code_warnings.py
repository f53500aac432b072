"""Find unsafe settings in an app's code: a secret key, debug mode."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice

from piwizard.apps.app_resolver import WSGI_NAMES, is_app_call
from piwizard.apps.bindings import Assignment, is_main_guard
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

SECRET_KEY_SETTING, DEBUG_SETTING = "SECRET_KEY", "DEBUG"
WARNING_TEXTS = {
    SECRET_KEY_SETTING: (
        "Your SECRET_KEY is written in the code ({place}): anyone who can read the repository can forge sessions. "
        'Read it with os.environ["SECRET_KEY"] instead; piwizard then generates one.'
    ),
    DEBUG_SETTING: (
        "Debug mode is on ({place}): errors can show parts of your code to visitors. "
        "Turn it off in the code before the site goes online."
    ),
}
SETTING_OF_ATTRIBUTE = {"secret_key": SECRET_KEY_SETTING, "debug": DEBUG_SETTING}
MAX_SETTINGS_PER_FILE = 1000
DEVELOPMENT_CLASS = re.compile(r"Test|Dev(?!ice)|Local|Debug|^(?:test|dev|local|debug)")
"""Names of configuration classes that a production server does not use."""
DEBUG_VARIABLE = re.compile(r"\s*(?:export\s+)?FLASK_DEBUG\s*=\s*[\"']?(\w*)")
DEBUG_OFF_VALUES = ("", "0", "false", "no")
"""Values of FLASK_DEBUG that turn debug mode off."""


@dataclass(frozen=True)
class CodeWarning:
    """An unsafe setting. `setting` is a key of WARNING_TEXTS; `line` counts from 1."""

    setting: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """Return the warning as a person reads it."""
        return WARNING_TEXTS[self.setting].format(place=f"{self.file}:{self.line}")


def find_code_warnings(checkout: RepositoryCheckout) -> tuple[CodeWarning, ...]:
    """Return the unsafe settings in a checkout, the first of each kind.

    A secret key is reported only if no other assignment reads it from elsewhere. Debug mode is reported only if it
    applies to the served app: not under `__main__`, and not in a configuration class for development or tests.
    """
    code = CodeIndex.of(checkout)
    first: dict[str, CodeWarning] = {}
    configured = any(checkout.mentions(file, b"from_object", b"from_pyfile") for file in checkout.python)
    secret_from_elsewhere = False
    for file in checkout.python:
        if is_script(file) or not checkout.mentions(file, b"SECRET_KEY", b"secret_key", b"DEBUG", b"debug"):
            continue
        unserved = _unserved(checkout, file)
        for name, value, bare in islice(_settings(code, file), MAX_SETTINGS_PER_FILE):
            if name == SECRET_KEY_SETTING:
                secret_from_elsewhere |= isinstance(value, ast.Call | ast.Subscript | ast.BoolOp)
            if name == DEBUG_SETTING and (id(value) in unserved or (bare and not configured)):
                continue
            constant = _constant(code, file, value)
            if constant and (name == DEBUG_SETTING or isinstance(constant, str | bytes)):
                first.setdefault(name, CodeWarning(name, file, value.lineno))
    if secret_from_elsewhere:
        first.pop(SECRET_KEY_SETTING, None)
    for file in _environment_files(checkout):
        for number, line in numbered_lines(checkout, file):
            if (set_to := DEBUG_VARIABLE.match(line)) and turns_debug_on(set_to[1]):
                first.setdefault(DEBUG_SETTING, CodeWarning(DEBUG_SETTING, file, number))
    return tuple(first.values())


def turns_debug_on(value: str) -> bool:
    """Return whether this value of FLASK_DEBUG turns debug mode on."""
    return value.lower() not in DEBUG_OFF_VALUES


def _environment_files(checkout: RepositoryCheckout) -> list[str]:
    """Return the .env files that the app reads at its start; gunicorn reads none."""
    known = ((".env", b"load_dotenv"), (".flaskenv", b".flaskenv"))
    return [name for name, word in known if any(checkout.mentions(file, word) for file in checkout.python)]


def _settings(code: CodeIndex, file: str) -> Iterator[tuple[str, ast.expr, bool]]:
    """Yield the name, the value and `bare` of each assignment to one of the settings.

    `bare`: the target is a plain name, as in a settings file.
    """
    for node in code.checkout.nodes(file):
        match node:
            case ast.Assign(value=value, targets=targets):
                for target in targets:
                    yield from _assigned(code, file, target, value)
            case ast.AnnAssign(value=ast.expr() as value, target=target):
                yield from _assigned(code, file, target, value)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="config"), attr="update" | "from_mapping")):
                for keyword in node.keywords:
                    if keyword.arg in WARNING_TEXTS:
                        yield keyword.arg, keyword.value, False
                for mapping in node.args:
                    if isinstance(mapping, ast.Dict):
                        yield from _in_mapping(mapping)


def _assigned(code: CodeIndex, file: str, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr, bool]]:
    match target:
        case ast.Name(id=name) if name in WARNING_TEXTS:
            yield name, value, True
        case ast.Subscript(value=ast.Attribute(attr="config"), slice=ast.Constant(value=str(key))) if (
            key in WARNING_TEXTS
        ):
            yield key, value, False
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if attribute in SETTING_OF_ATTRIBUTE:
            if owner in WSGI_NAMES or _is_app(code, file, owner):
                yield SETTING_OF_ATTRIBUTE[attribute], value, False


def _in_mapping(mapping: ast.Dict) -> Iterator[tuple[str, ast.expr, bool]]:
    for key, value in zip(mapping.keys, mapping.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in WARNING_TEXTS:
            yield key.value, value, False


def _is_app(code: CodeIndex, file: str, name: str) -> bool:
    """Return whether a name in a file is bound to a Flask object."""
    values = (one.value for one in code.everything(file).names.get(name, []) if isinstance(one, Assignment))
    return any(isinstance(value, ast.Call) and is_app_call(code, file, value) for value in values)


def _constant(code: CodeIndex, file: str, value: ast.expr) -> object:
    """Return the constant of a value, direct or by one name; None if it has none."""
    if isinstance(value, ast.Name):
        sources = code.everything(file).names.get(value.id, [])
        if len(sources) != 1 or not isinstance(sources[0], Assignment):
            return None
        value = sources[0].value
    return value.value if isinstance(value, ast.Constant) else None


def _unserved(checkout: RepositoryCheckout, file: str) -> set[int]:
    """Return the ids of nodes that do not apply on a server.

    Those are under `__main__` and in configuration classes for development.
    """
    found: set[int] = set()
    for node in checkout.nodes(file):
        match node:
            case ast.If() if is_main_guard(node.test):
                blocks: list[ast.stmt] = node.body
            case ast.ClassDef() if DEVELOPMENT_CLASS.search(node.name):
                blocks = node.body
            case ast.FunctionDef(name="main"):
                blocks = node.body
            case _:
                continue
        found |= {id(inner) for block in blocks for inner in ast.walk(block)}
    return found
