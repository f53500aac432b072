"""Find an app's setup commands for its database, and its database server."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from piwizard.apps.bindings import Assignment, Function
from piwizard.apps.blueprints import BLUEPRINT_CLASSES
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator
from piwizard.apps.data_risk import DataRisk, find_data_risk
from piwizard.apps.name_lookup import external_origin, find_definition
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

CREATING_COMMAND = re.compile(
    r"(init|initdb|initialize|create|setup|make|build|install|prepare|reset|recreate)"
    r"([-_]?(db|database|tables?|schema|all|data))?|(db|database)[-_](init|create|setup)|deploy|initdb"
)
# Words that are too vague alone: suggested only inside a group about the database.
VAGUE_WORDS = frozenset({"init", "create", "setup", "make", "build", "install", "prepare", "reset", "initialize"})
SETUP_SCRIPT = re.compile(r"(?:init|initialize|create|setup|make|prepare)_?(?:the_)?(?:db|database|tables?|schema)")
FLASK_GROUP = ("flask.cli", "FlaskGroup")
DATABASE_WORD = re.compile(r"db|database")
DB_UPGRADE = ("db", "upgrade")
STARTUP_FILES = ("Procfile", "boot.sh", "entrypoint.sh", "docker-entrypoint.sh", "start.sh", "build.sh", "render.yaml")
DATABASE_URL = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|cockroachdb|mongodb)(?:\+\w+)?://", re.IGNORECASE
)
DATABASE_DRIVERS = (
    "psycopg2",
    "psycopg",
    "asyncpg",
    "pg8000",
    "pymysql",
    "MySQLdb",
    "mysql",
    "mariadb",
    "aiomysql",
    "pymongo",
)


@dataclass(frozen=True)
class InitCommand:
    """A command that prepares the app, run in the checkout as the app's user.

    `risk`: why it may delete data. `migrates`: it is the upgrade command of Flask-Migrate or Alembic. `started`: only a
    start-up file names it.
    """

    argv: tuple[str, ...]
    why: str
    file: str
    line: int
    risk: DataRisk | None = None
    migrates: bool = False
    started: bool = False

    @property
    def destructive(self) -> bool:
        """Return whether the command may delete data."""
        return self.risk is not None

    @property
    def text(self) -> str:
        """Return the command as one line, in the form of app.init."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class ClickCommand:
    """A command that the app adds to `flask`."""

    words: tuple[str, ...]
    file: str
    line: int
    risk: DataRisk | None = None
    """Why the command may delete data."""
    program: tuple[str, ...] = ()
    """What starts it in place of `flask`, such as ("python", "manage.py")."""


def find_init_commands(root: Path | RepositoryCheckout, entry: str = "", start: str = "") -> tuple[InitCommand, ...]:
    """Return the setup commands for a new site in running order.

    `entry` is what gunicorn loads, in the folder `start`.
    """
    checkout = scan_checkout(root)
    commands = (*find_click_commands(checkout, start), *_setup_scripts(checkout, start))
    flask: tuple[str, ...] = ("flask", "--app", flask_app(entry)) if entry else ("flask",)
    known = {command.words: command for command in commands if not command.program}
    found: list[InitCommand] = []
    migrations = _migrations_folder(checkout)
    upgrade = "creates or updates the database"
    if migrations and DB_UPGRADE not in known:
        folder = () if migrations == "migrations" else ("--directory", migrations)
        argv = (*flask, *DB_UPGRADE, *folder)
        found.append(InitCommand(argv, upgrade, f"{migrations}/env.py", 1, migrates=True))
    elif not migrations and checkout.is_file("alembic.ini"):
        found.append(InitCommand(("alembic", "upgrade", "head"), upgrade, "alembic.ini", 1, migrates=True))
    for command in commands:
        if _is_creating(command) and not (migrations and command.risk and command.risk.sure):
            named = DATABASE_WORD.search(" ".join((*command.words, *command.program[1:])))
            why = "creates the database" if named else "prepares the app"
            argv = (*(command.program or flask), *command.words)
            found.append(InitCommand(argv, why, command.file, command.line, command.risk))
    for words, file, line in _commands_in_startup_files(checkout):
        listed = {command.argv[len(flask) :] for command in found}
        if words in known and words not in listed:
            risk = known[words].risk
            found.append(InitCommand((*flask, *words), f"{file} runs it", file, line, risk, started=True))
    return tuple(found)


def flask_app(entry: str) -> str:
    """Return the value of `flask --app` for an entry of gunicorn.

    It is the module alone if Flask finds the app in it by itself.
    """
    module, _, name = entry.partition(":")
    return module if name in {"app", "application", "create_app()", "make_app()"} else entry


def find_click_commands(root: Path | RepositoryCheckout, start: str = "") -> tuple[ClickCommand, ...]:
    """Return the commands that the app adds to `flask` or has in a script."""
    checkout = scan_checkout(root)
    code = CodeIndex.of(checkout)
    found: list[ClickCommand] = []
    for file in checkout.python:
        if checkout.mentions(file, b".command(", b".cli."):
            found += _in_file(code, file, start)
    return tuple(found)


def _setup_scripts(checkout: RepositoryCheckout, start: str) -> Iterator[ClickCommand]:
    """Yield the scripts such as init_db.py that create the database, unless other code does that with them."""
    code = CodeIndex.of(checkout)
    for file in checkout.python:
        module = PurePosixPath(file).stem
        if not (SETUP_SCRIPT.fullmatch(module) and (tree := checkout.parsed(file))):
            continue
        imported = (f"import {module}".encode(), f"from {module}".encode(), f".{module} ".encode())
        runs = any(isinstance(one, ast.Expr | ast.With | ast.If | ast.For | ast.Try) for one in tree.body)
        if runs and not any(checkout.mentions(other, *imported) for other in checkout.python if other != file):
            none = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            whole = ast.FunctionDef(name=module, args=none, body=tree.body, decorator_list=[], lineno=1)
            risk = find_data_risk(code, file, whole, (module,))
            yield ClickCommand((), file, 1, risk, ("python", posixpath.relpath(file, start or ".")))


def _in_file(code: CodeIndex, file: str, start: str) -> Iterator[ClickCommand]:
    functions = [node for node in code.checkout.nodes(file) if isinstance(node, Function)]
    groups: dict[str, tuple[str, ...]] = {}
    for function in sorted(functions, key=lambda item: item.lineno):
        for node in function.decorator_list:
            call = node if isinstance(node, ast.Call) else None
            target = call.func if call else node
            if not isinstance(target, ast.Attribute) or target.attr not in {"command", "group"}:
                continue
            above = _group_words(code, file, target.value, groups)
            program = () if above is not None else _own_program(code, file, target.value, start)
            if above is None and not program:
                continue
            above = above or ()
            words = (*above, _command_name(code, file, call, function))
            if target.attr == "group":
                groups[function.name] = words
            elif not _needs_arguments(function):
                yield ClickCommand(words, file, function.lineno, find_data_risk(code, file, function, words), program)


def _own_program(code: CodeIndex, file: str, group: ast.expr, start: str) -> tuple[str, ...]:
    """Return the command that starts a script with a FlaskGroup of its own, such as manage.py."""
    where = find_definition(code, file, group)
    for source in code.bindings(where[0]).names.get(where[1], ()) if where else ():
        value = getattr(source, "value", None)
        if where and isinstance(value, ast.Call) and external_origin(code, where[0], value.func) == FLASK_GROUP:
            return ("python", posixpath.relpath(file, start or "."))
    return ()


def _group_words(
    code: CodeIndex, file: str, owner: ast.expr, groups: dict[str, tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Return the words before a command: those of its group or blueprint.

    None if the command does not belong to `flask`.
    """
    match owner:
        case ast.Name(id=name) if name in groups:
            return groups[name]
        case ast.Name(id="click"):
            # Added by app.cli.add_command(), in this file or another.
            return () if any(code.checkout.mentions(f, b"add_command") for f in code.checkout.python) else None
        case ast.Attribute(value=holder, attr="cli"):
            return _blueprint_group(code, file, holder)
    return None


def _blueprint_group(code: CodeIndex, file: str, holder: ast.expr) -> tuple[str, ...]:
    place = find_definition(code, file, holder)
    for source in code.everything(place[0]).names.get(place[1], []) if place else []:
        call = source.value if isinstance(source, Assignment) else None
        if place and isinstance(call, ast.Call) and external_origin(code, place[0], call.func) in BLUEPRINT_CLASSES:
            given = next((k.value for k in call.keywords if k.arg == "cli_group"), call.args[0] if call.args else None)
            name = ConstantEvaluator(code, place[0]).text(given)
            return (name,) if name else ()
    return ()


def _command_name(code: CodeIndex, file: str, call: ast.Call | None, function: Function) -> str:
    given = (
        next((k.value for k in call.keywords if k.arg == "name"), call.args[0] if call.args else None) if call else None
    )
    return ConstantEvaluator(code, file).text(given) or function.name.removesuffix("_command").replace("_", "-")


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


def _is_creating(command: ClickCommand) -> bool:
    if not command.words:
        return True
    *above, last = command.words
    if not CREATING_COMMAND.fullmatch(last.replace("_", "-")):
        return False
    return last not in VAGUE_WORDS or any(DATABASE_WORD.fullmatch(word) for word in above)


def _migrations_folder(checkout: RepositoryCheckout) -> str:
    """Return the folder with the scripts of Flask-Migrate."""
    if not any(checkout.mentions(file, b"flask_migrate", b"Flask_Migrate") for file in checkout.python):
        return ""
    folders = ["migrations", *(f"{n}/migrations" for n in checkout.names() if checkout.is_dir(n) and n[0] not in ".-")]
    return next((folder for folder in folders if checkout.is_file(f"{folder}/env.py")), "")


def _commands_in_startup_files(checkout: RepositoryCheckout) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Yield the `flask` commands that start-up files run before the server."""
    for file in STARTUP_FILES:
        for number, line in numbered_lines(checkout, file):
            for match in re.finditer(r"\bflask((?: +[a-z][a-z0-9_-]*){1,3})(?= *(?:[;&|]|$))", line):
                yield tuple(match[1].split()), file, number


def database_server_in_answers(settings: Mapping[str, object], secrets: Mapping[str, str]) -> str:
    """Describe the database server in the answers, without any secret; "" if none."""
    for value in settings.values():
        if isinstance(value, str) and DATABASE_URL.match(value):
            return f"the database on {_host(value)}"
    return next((f"the database in {key}" for key, value in secrets.items() if DATABASE_URL.match(value)), "")


def database_server_in_code(code: RepositoryCheckout) -> str:
    """Describe the database server that the code uses; "" if none."""
    for driver in DATABASE_DRIVERS:
        words = (f"import {driver}".encode(), f"from {driver}".encode())
        if any(code.mentions(file, *words) for file in code.python):
            return f"the database that {driver} connects to"
    if any(code.mentions(file, b"postgresql://", b"postgres://", b"mysql+", b"mysql://") for file in code.python):
        return "the database server in the code"
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "a server"
    except ValueError:
        return "a server"
