"""Finds the commands that create an app's database and what else it has to make once."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps.app_resolver import Code
from piwizard.apps.bindings import Assigned, Function
from piwizard.apps.blueprints import CLASSES
from piwizard.apps.const_eval import Constants
from piwizard.apps.destructive import Doubt, look
from piwizard.apps.repository_checkout import RepositoryCheckout, read
from piwizard.apps.start_commands import lines

CREATES = re.compile(
    r"(init|initdb|initialize|create|setup|make|build|install|prepare|reset|recreate)"
    r"([-_]?(db|database|tables?|schema|all|data))?|(db|database)[-_](init|create|setup)|deploy|initdb"
)
# Words that say nothing by themselves: only offered inside a group that is about the database.
VAGUE = frozenset({"init", "create", "setup", "make", "build", "install", "prepare", "reset", "initialize"})
DATABASE = re.compile(r"db|database")
UPGRADE = ("db", "upgrade")
RELEASE_FILES = ("Procfile", "boot.sh", "entrypoint.sh", "docker-entrypoint.sh", "start.sh", "build.sh", "render.yaml")


@dataclass(frozen=True)
class InitCommand:
    """A command that prepares the app, run in the checkout as the app's user. `doubt`: why it may delete data.

    `migrates`: it is the known upgrade of Flask-Migrate or Alembic. `started`: only a start-up file names it.
    """

    argv: tuple[str, ...]
    why: str
    file: str
    line: int
    doubt: Doubt | None = None
    migrates: bool = False
    started: bool = False

    @property
    def destructive(self) -> bool:
        """Whether it may delete data."""
        return self.doubt is not None

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
    doubt: Doubt | None = None
    """Why it may delete data."""


def find_init(root: Path | RepositoryCheckout, entry: str = "") -> tuple[InitCommand, ...]:
    """The commands to offer for a new site, in the order to run them. `entry`: what gunicorn loads."""
    checkout = read(root)
    commands = find_commands(checkout)
    flask: tuple[str, ...] = ("flask", "--app", flask_app(entry)) if entry else ("flask",)
    known = {command.words: command for command in commands}
    found: list[InitCommand] = []
    migrations = _migrations(checkout)
    upgrade = "creates or updates the database"
    if migrations and UPGRADE not in known:
        folder = () if migrations == "migrations" else ("--directory", migrations)
        argv = (*flask, *UPGRADE, *folder)
        found.append(InitCommand(argv, upgrade, f"{migrations}/env.py", 1, migrates=True))
    elif not migrations and checkout.is_file("alembic.ini"):
        found.append(InitCommand(("alembic", "upgrade", "head"), upgrade, "alembic.ini", 1, migrates=True))
    for command in commands:
        if _creates(command) and not (migrations and command.doubt and command.doubt.sure):
            why = "creates the database" if DATABASE.search(" ".join(command.words)) else "prepares the app"
            found.append(InitCommand((*flask, *command.words), why, command.file, command.line, command.doubt))
    for words, file, line in _released(checkout):
        listed = {command.argv[len(flask) :] for command in found}
        if words in known and words not in listed:
            doubt = known[words].doubt
            found.append(InitCommand((*flask, *words), f"{file} runs it", file, line, doubt, started=True))
    return tuple(found)


def flask_app(entry: str) -> str:
    """What `flask --app` is told for an entry of gunicorn: the module alone where Flask finds the app by itself."""
    module, _, name = entry.partition(":")
    return module if name in {"app", "application", "create_app()", "make_app()"} else entry


def find_commands(root: Path | RepositoryCheckout) -> tuple[ClickCommand, ...]:
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
                yield ClickCommand(words, file, function.lineno, look(code, file, function, words))


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


def _creates(command: ClickCommand) -> bool:
    *above, last = command.words
    if not CREATES.fullmatch(last.replace("_", "-")):
        return False
    return last not in VAGUE or any(DATABASE.fullmatch(word) for word in above)


def _migrations(checkout: RepositoryCheckout) -> str:
    """The folder of Flask-Migrate's scripts."""
    if not any(checkout.mentions(file, b"flask_migrate", b"Flask_Migrate") for file in checkout.python):
        return ""
    folders = ["migrations", *(f"{n}/migrations" for n in checkout.names() if checkout.is_dir(n) and n[0] not in ".-")]
    return next((folder for folder in folders if checkout.is_file(f"{folder}/env.py")), "")


def _released(checkout: RepositoryCheckout) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """The `flask …` commands that start-up files run before the server."""
    for file in RELEASE_FILES:
        for number, line in lines(checkout, file):
            for match in re.finditer(r"\bflask((?: +[a-z][a-z0-9_-]*){1,3})(?= *(?:[;&|]|$))", line):
                yield tuple(match[1].split()), file, number
