"""Explain errors of databases: read-only, without tables, or not reachable."""

from __future__ import annotations

import re
import shlex

from piwizard.apps.database import InitCommand
from piwizard.apps.write_paths import WritePath
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.file_owners import MADE_BY_ROOT, describe_owner
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, Fix, RunCommand

READ_ONLY = ("database-read-only", "Database writable")
NO_TABLES = ("database-table-missing", "Database tables exist")

NOT_WRITABLE = re.compile(r"attempt to write a readonly database|unable to open database file")
NO_TABLE = re.compile(
    r"no such (?P<what>table|column): (?P<name>[\w.]+)|relation \"(?P<relation>[\w.]+)\" does not exist"
)
NO_SERVER = re.compile(
    r"connection to server at .*failed|Can't connect to (?:local )?(?:MySQL|MariaDB)? ?server|"
    r"Error .*connecting to .*:\d+"
)


def database_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if a database refused something."""
    if not failure.kind.endswith(("Error", "Exception", "Warning")):
        return None
    if NOT_WRITABLE.search(failure.text):
        return _not_writable(failure, context)
    if match := NO_TABLE.search(failure.text):
        return _no_table(failure, context, match["name"] or match["relation"], column=match["what"] == "column")
    if NO_SERVER.search(failure.text):
        cause = "The app uses a database server that does not answer."
        fix: Fix = (
            RunCommand("systemctl status postgresql mariadb redis-server", "to see whether it runs"),
            Advice("Check its address in app.env."),
        )
        return context.finding(("database-server-silent", "Database server answers"), failure, cause, fix)
    return None


def _databases(context: AppContext) -> list[WritePath]:
    """Return the paths of the app's databases, according to its code."""
    return [found for found in context.may_write if found.kind == "sqlite" or found.database]


def _not_writable(failure: Failure, context: AppContext) -> Finding:
    found = _databases(context)
    added = tuple(one.path for one in found if context.persistent_path(one.path) is None)
    if added:
        cause = (
            f"The database {added[0]} is in the code of the app, and {describe_owner(context.tree / added[0])}. The "
            f"app runs as the user {context.site}, who can only read it."
        )
        purpose = "to make them writable and keep the data when the app is deployed again"
        return context.finding(READ_ONLY, failure, cause, (context.add("app.writable", *added), context.apply(purpose)))
    if found:
        data_path = context.data / found[0].path
        cause = f"The app is allowed to write the database, but {data_path} {describe_owner(data_path)}. {MADE_BY_ROOT}"
        return context.answered(READ_ONLY, failure, cause, (context.apply(f"to make {context.site} its owner again"),))
    cause = f"The app runs as the user {context.site}, who can write only what is listed in app.writable."
    fix = (Advice("Add the path of the database, as the code has it, to app.writable."), _after(context))
    return context.finding(READ_ONLY, failure, cause, fix)


def _no_table(failure: Failure, context: AppContext, name: str, *, column: bool) -> Finding:
    what = "column" if column else "table"
    cause = f"The database has no {what} {name}: it was not created{' for this version of the app' if column else ''}."
    command = next((one for one in context.commands if not column or "upgrade" in one.argv), None)
    if command is None:
        advice = (
            "The app has no command that creates the tables. Write one and add it to app.init, or create them yourself."
        )
        return context.finding(NO_TABLES, failure, cause, (Advice(advice),))
    careful = (Advice("Careful: that command deletes what is in the database."),) if command.destructive else ()
    if command.text in context.init:
        fix: Fix = (_by_hand(command, context), Advice("It has already run once."), *careful)
        return context.answered(NO_TABLES, failure, cause, fix)
    if command.destructive and not _empty(context):
        return context.finding(NO_TABLES, failure, cause, (_by_hand(command, context), *careful))
    if command.risk:
        risk = f"It may delete data ({command.risk.place}), so only you can decide to run it."
        fix = (Advice(f'Add "{command.text}" to app.init: it {command.why}. {risk}'), _after(context))
        return context.finding(NO_TABLES, failure, cause, fix)
    add = context.add("app.init", command.text)
    return context.finding(NO_TABLES, failure, cause, (add, context.apply(f"to run it: it {command.why}")))


def _after(context: AppContext) -> RunCommand:
    return RunCommand(context.apply_command, "after that")


def _by_hand(command: InitCommand, context: AppContext) -> RunCommand:
    program = f"{context.folder}/current/venv/bin/{command.argv[0]}"
    # The user cannot read the folder of the code, and only root can read the app's variables.
    code_folder = f"{context.folder}/current/app/{context.start}".rstrip("/")
    run = ("sudo", "systemd-run", "--pipe", "--wait", "--collect", f"--uid={context.site}")
    where = [f"--working-directory={code_folder}", f"--property=EnvironmentFile=-{context.folder}/app.env"]
    where += [f"--setenv={name}={value}" for name, value in context.own_environment.items()]
    return RunCommand(shlex.join((*run, *where, program, *command.argv[1:])), "to create it yourself")


def _empty(context: AppContext) -> bool:
    """Return whether the databases contain nothing that could be lost."""
    files = [path for one in _databases(context) for path in (context.data / one.path, context.tree / one.path)]
    within = [file for path in files if path.is_dir() for file in path.glob("*.*")]
    return all(file.stat().st_size == 0 for file in (*files, *within) if file.is_file())
