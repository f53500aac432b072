"""A database that is read-only, has no tables, or does not answer."""

from __future__ import annotations

import re
import shlex

from piwizard.apps.database import InitCommand
from piwizard.apps.write_paths import Writable
from piwizard.doctor.finding import Finding
from piwizard.doctor.patient import Patient
from piwizard.doctor.traceback import Failure
from piwizard.doctor.writing import owner

NOT_WRITABLE = re.compile(r"attempt to write a readonly database|unable to open database file")
NO_TABLE = re.compile(
    r"no such (?P<what>table|column): (?P<name>[\w.]+)|relation \"(?P<relation>[\w.]+)\" does not exist"
)
NOBODY = re.compile(
    r"connection to server at .*failed|Can't connect to (?:local )?(?:MySQL|MariaDB)? ?server|"
    r"Error .*connecting to .*:\d+"
)


def look(failure: Failure, patient: Patient) -> Finding | None:
    """What a database refused."""
    if not failure.kind.endswith(("Error", "Exception", "Warning")):
        return None
    if NOT_WRITABLE.search(failure.message):
        return _not_writable(failure, patient)
    if match := NO_TABLE.search(failure.message):
        return _no_table(failure, patient, match["name"] or match["relation"], column=match["what"] == "column")
    if NOBODY.search(failure.message):
        cause = "The app asks another program for its data, a database server, and that one does not answer."
        mend = (
            "Look whether it runs (`systemctl status postgresql mariadb redis-server`) and whether its address in "
            "app.env is right."
        )
        return patient.finding("database server", failure, cause, mend)
    return None


def _databases(patient: Patient) -> list[Writable]:
    """Where the app keeps its databases, as its code says."""
    return [found for found in patient.may_write if found.kind == "sqlite" or "atabase" in found.why]


def _not_writable(failure: Failure, patient: Patient) -> Finding:
    found = _databases(patient)
    added = tuple(one.path for one in found if patient.kept(one.path) is None)
    if added:
        names = ", ".join(f'"{path}"' for path in added)
        cause = (
            f"The database {added[0]} lies in the code of the app, and {owner(patient.tree / added[0])}. The app "
            f"runs as the user {patient.site}, who may only read it."
        )
        mend = f"Put {names} into app.writable, then {patient.take_up}; the data also survives new versions then."
        return patient.finding("database read-only", failure, cause, mend, patient.fix((("app.writable", added),)))
    if found:
        place = patient.data / found[0].path
        cause = f"The database may be written, but {place} {owner(place)}: somebody else made it, perhaps with sudo."
        mend = f"{patient.take_up} gives it back to {patient.site}."
        return patient.answered("database read-only", failure, cause, mend, patient.fix())
    cause = f"The app runs as the user {patient.site}, who may write only what is named in app.writable."
    mend = f"Put the file of the database, as it is called in the code, into app.writable, then {patient.take_up}."
    return patient.finding("database read-only", failure, cause, mend)


def _no_table(failure: Failure, patient: Patient, name: str, *, column: bool) -> Finding:
    what = "column" if column else "table"
    cause = f"The database has no {what} {name}: nobody has made it{' for this version of the app' if column else ''}."
    command = next((one for one in patient.commands if not column or "upgrade" in one.argv), None)
    if command is None:
        mend = "The app has no command that makes the tables. Write one and name it in app.init, or make them by hand."
        return patient.finding("table missing", failure, cause, mend)
    if command.text in patient.init:
        careful = " Careful: it throws away what is in the database." if command.destructive else ""
        mend = f"{_by_hand(command, patient)} It ran once already.{careful}"
        return patient.answered("table missing", failure, cause, mend)
    if command.destructive and not _empty(patient):
        mend = f"{_by_hand(command, patient)} Careful: it throws away what is in the database."
        return patient.finding("table missing", failure, cause, mend)
    mend = f'Put "{command.text}" into app.init, then {patient.take_up}: it {command.why}.'
    if command.doubt:
        mend += f" It may delete data ({command.doubt.place}), so only you can say so."
        return patient.finding("table missing", failure, cause, mend)
    fix = patient.fix((("app.init", (command.text,)),))
    return patient.finding("table missing", failure, cause, mend, fix)


def _by_hand(command: InitCommand, patient: Patient) -> str:
    program = f"{patient.folder}/current/venv/bin/{command.argv[0]}"
    # The folder of the code is closed to whoever types this, and the app's variables are root's.
    place = f"{patient.folder}/current/app/{patient.start}".rstrip("/")
    run = ("sudo", "systemd-run", "--pipe", "--wait", "--collect", f"--uid={patient.site}")
    where = [f"--working-directory={place}", f"--property=EnvironmentFile=-{patient.folder}/app.env"]
    where += [f"--setenv={name}={value}" for name, value in patient.own_environment.items()]
    return f"`{shlex.join((*run, *where, program, *command.argv[1:]))}` runs it by hand."


def _empty(patient: Patient) -> bool:
    """Whether there is nothing in the databases yet that could be lost."""
    files = [path for one in _databases(patient) for path in (patient.data / one.path, patient.tree / one.path)]
    within = [file for path in files if path.is_dir() for file in path.glob("*.*")]
    return all(file.stat().st_size == 0 for file in (*files, *within) if file.is_file())
