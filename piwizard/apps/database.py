"""Finds the commands that create an app's database and what else it has to make once."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps.bindings import Assigned, Function
from piwizard.apps.blueprints import CLASSES
from piwizard.apps.checkout import Checkout, read
from piwizard.apps.constants import Constants
from piwizard.apps.hints import lines
from piwizard.apps.modules import folders_above, join
from piwizard.apps.wsgi import Code

CREATES = re.compile(
    r"(init|initdb|initialize|create|setup|make|build|install|prepare|reset|recreate)"
    r"([-_]?(db|database|tables?|schema|all|data))?|(db|database)[-_](init|create|setup)|deploy|initdb"
)
# Words that say nothing by themselves: only offered inside a group that is about the database.
VAGUE = frozenset({"init", "create", "setup", "make", "build", "install", "prepare", "reset", "initialize"})
DATABASE = re.compile(r"db|database")
REMOVES = {("os", "remove"), ("os", "unlink"), ("shutil", "rmtree")}
DROPS = frozenset({"drop_all", "drop_tables", "drop_collection", "drop_database", "unlink"})
DEEPEST = 3
RELEASE_FILES = ("Procfile", "boot.sh", "entrypoint.sh", "docker-entrypoint.sh", "start.sh", "build.sh", "render.yaml")


@dataclass(frozen=True)
class InitCommand:
    """A command to run once, in the checkout, as the app's user. `destructive`: run again, it may throw data away."""

    argv: tuple[str, ...]
    why: str
    file: str
    line: int
    destructive: bool = False

    @property
    def text(self) -> str:
        """The command as one line, as answers.toml holds it."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class ClickCommand:
    """A command of the app's own under `flask`."""

    words: tuple[str, ...]
    file: str
    line: int
    drops: bool


def find_init(root: Path | Checkout, entry: str = "") -> tuple[InitCommand, ...]:
    """The commands to offer for a new site, in the order to run them. `entry`: what gunicorn loads."""
    checkout = read(root)
    commands = find_commands(checkout)
    flask: tuple[str, ...] = ("flask", "--app", flask_app(entry)) if entry else ("flask",)
    found: list[InitCommand] = []
    migrations = _migrations(checkout)
    if migrations:
        folder = () if migrations == "migrations" else ("--directory", migrations)
        found.append(
            InitCommand(
                (*flask, "db", "upgrade", *folder), "creates or updates the database", f"{migrations}/env.py", 1
            )
        )
    elif checkout.is_file("alembic.ini"):
        found.append(InitCommand(("alembic", "upgrade", "head"), "creates or updates the database", "alembic.ini", 1))
    for command in commands:
        creates = _creates(command)
        if creates and not (migrations and command.drops):
            why = "creates the database" if DATABASE.search(" ".join(command.words)) else "prepares the app"
            found.append(InitCommand((*flask, *command.words), why, command.file, command.line, command.drops))
    known = {tuple(command.words) for command in commands}
    for words, file, line in _released(checkout):
        listed = {command.argv[len(flask) :] for command in found}
        if words in known and words not in listed:
            found.append(InitCommand((*flask, *words), f"{file} runs it", file, line))
    return tuple(found)


def flask_app(entry: str) -> str:
    """What `flask --app` is told for an entry of gunicorn: the module alone where Flask finds the app by itself."""
    module, _, name = entry.partition(":")
    return module if name in {"app", "application", "create_app()", "make_app()"} else entry


def find_commands(root: Path | Checkout) -> tuple[ClickCommand, ...]:
    """The commands that the app adds to `flask`."""
    checkout = read(root)
    code = Code.of(checkout)
    found: list[ClickCommand] = []
    for file in checkout.python:
        if checkout.mentions(file, b".command(", b".cli."):
            found += _in_file(code, file)
    return tuple(found)


def _in_file(code: Code, file: str) -> Iterator[ClickCommand]:
    functions = [node for node in code.checkout.nodes(file) if isinstance(node, Function)]
    groups: dict[str, tuple[str, ...]] = {}
    for function in sorted(functions, key=lambda item: item.lineno):
        for node in function.decorator_list:
            call = node if isinstance(node, ast.Call) else None
            target = call.func if call else node
            if not isinstance(target, ast.Attribute) or target.attr not in {"command", "group"}:
                continue
            above = _above(code, file, target.value, groups)
            if above is None:
                continue
            words = (*above, _command_name(code, file, call, function))
            if target.attr == "group":
                groups[function.name] = words
            elif not _needs_arguments(function):
                yield ClickCommand(words, file, function.lineno, _drops(code, file, function))


def _above(code: Code, file: str, owner: ast.expr, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The words before a command: those of its group or blueprint; None where it does not belong to `flask`."""
    match owner:
        case ast.Name(id=name) if name in groups:
            return groups[name]
        case ast.Name(id="click"):
            # Reached with app.cli.add_command(), here or in another file.
            return () if any(code.checkout.mentions(f, b"add_command") for f in code.checkout.python) else None
        case ast.Attribute(value=holder, attr="cli"):
            return _blueprint_group(code, file, holder)
    return None


def _blueprint_group(code: Code, file: str, holder: ast.expr) -> tuple[str, ...]:
    place = code.definition(file, holder)
    for source in code.everything(place[0]).names.get(place[1], []) if place else []:
        call = source.value if isinstance(source, Assigned) else None
        if place and isinstance(call, ast.Call) and code.origin(place[0], call.func) in CLASSES:
            given = next((k.value for k in call.keywords if k.arg == "cli_group"), call.args[0] if call.args else None)
            name = Constants(code, place[0]).text(given)
            return (name,) if name else ()
    return ()


def _command_name(code: Code, file: str, call: ast.Call | None, function: Function) -> str:
    given = (
        next((k.value for k in call.keywords if k.arg == "name"), call.args[0] if call.args else None) if call else None
    )
    return Constants(code, file).text(given) or function.name.removesuffix("_command").replace("_", "-")


def _needs_arguments(function: Function) -> bool:
    names = [
        d.func.attr for d in function.decorator_list if isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute)
    ]
    required = [
        k
        for d in function.decorator_list
        if isinstance(d, ast.Call)
        for k in d.keywords
        if k.arg in {"required", "prompt"}
    ]
    return "argument" in names or bool(required)


def _drops(code: Code, file: str, function: Function) -> bool:
    """Whether a command, a function of the app that it calls, or a schema of the app drops tables or removes files."""
    seen = {(file, function.name)}
    waiting = [(file, function, DEEPEST)]
    while waiting:
        here, body, left = waiting.pop()
        for node in ast.walk(body):
            if _drops_here(code, here, node):
                return True
            where = code.definition(here, node.func) if isinstance(node, ast.Call) and left else None
            if where and where not in seen:
                seen.add(where)
                found = code.bindings(where[0]).names.get(where[1], [])
                waiting += [(where[0], one, left - 1) for one in found if isinstance(one, Function)]
    return False


def _drops_here(code: Code, file: str, node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=attr) if attr in DROPS:
            return True
        case ast.Call(func=func):
            return code.origin(file, func) in REMOVES
        case ast.Constant(value=str(value)):
            places = folders_above(file) if value.endswith(".sql") else []
            schemas = [code.checkout.text(join(folder, value)) for folder in places]
            return any("drop table" in text.lower() for text in (value, *schemas))
    return False


def _creates(command: ClickCommand) -> bool:
    *above, last = command.words
    if not CREATES.fullmatch(last.replace("_", "-")):
        return False
    return last not in VAGUE or any(DATABASE.fullmatch(word) for word in above)


def _migrations(checkout: Checkout) -> str:
    """The folder of Flask-Migrate's scripts."""
    if not any(checkout.mentions(file, b"flask_migrate", b"Flask_Migrate") for file in checkout.python):
        return ""
    folders = ["migrations", *(f"{n}/migrations" for n in checkout.names() if checkout.is_dir(n) and n[0] not in ".-")]
    return next((folder for folder in folders if checkout.is_file(f"{folder}/env.py")), "")


def _released(checkout: Checkout) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """The `flask …` commands that start-up files run before the server."""
    for file in RELEASE_FILES:
        for number, line in lines(checkout, file):
            for match in re.finditer(r"\bflask((?: +[a-z][a-z0-9_-]*){1,3})(?= *(?:[;&|]|$))", line):
                yield tuple(match[1].split()), file, number
