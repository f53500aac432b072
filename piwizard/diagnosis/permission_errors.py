"""Files and folders that the app may not write, or that are missing."""

from __future__ import annotations

import grp
import posixpath
import pwd
import re
import stat
from pathlib import Path

from piwizard.apps.write_paths import READ_ONLY_FOLDERS
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, RunCommand

NOT_WRITABLE = ("file-not-writable", "Files of the app writable")
DEPLOY = RunCommand("piwizard deploy", "after that")

ERROR = re.compile(r"\[Errno (?P<number>\d+)\] [^:]+: (?P<path>b?'.*?'|b?\".*?\")(?: -> (?P<to>.*))?$")
NOT_PERMITTED, MISSING, DENIED, READ_ONLY = 1, 2, 13, 30
WRITES = re.compile(r"open\(.*[\"'][rbt]*[wax+][bt+]*[\"']|mkdir|\.write|\.save\(|savefig|to_csv|FileHandler|copy|move")
TEMPORARY = re.compile(r"tmp[a-z0-9_]{8}(\.\w+)?$|.*\.(tmp|temp|part|swp)$|.*~$")
KEEP = "to make it writable and keep it when the app is deployed again"
SAVES = re.compile(r"\.save\(")
"""Uploads and pictures are saved like this, each under another name."""


def permission_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding for a file that the app may not write, or whose folder is missing."""
    match = ERROR.match(failure.text)
    if match is None or int(match["number"]) not in (NOT_PERMITTED, MISSING, DENIED, READ_ONLY):
        return None
    named = match["path"].lstrip("b")[1:-1]
    path = context.inside(named)
    if int(match["number"]) == MISSING:
        return _missing(failure, context, path)
    if named.startswith("/dev/"):
        return _device(failure, context, named)
    if path is None and Path(named).is_relative_to(context.data):
        path = str(Path(named).relative_to(context.data))
        return _owned_by_another(failure, context, path)
    if path is None:
        return _elsewhere(failure, context, named)
    if context.kept(path):
        return _owned_by_another(failure, context, path)
    return _to_be_named(failure, context, path, temporary=bool(match["to"]))


def owner(path: Path) -> str:
    """Return who owns a file, as text; for a missing one, who owns the folder that it would be in."""
    try:
        info = path.stat()
    except OSError:
        return f"would be new in a folder that {owner(path.parent)}"
    return f"belongs to {_name(info.st_uid)}:{_group(info.st_gid)} ({stat.filemode(info.st_mode)})"


def to_add(context: AppContext, path: str) -> str | None:
    """Return what app.writable has to list so that the app may write `path`; None where that would be its code."""
    for found in context.may_write:
        if path == found.path or path.startswith(f"{found.path}/"):
            return found.path
    parts = path.split("/")
    for count in range(1, len(parts)):
        folder = "/".join(parts[:count])
        if parts[count - 1] not in READ_ONLY_FOLDERS and _only_written(context.tree / folder):
            return folder
    return None if path in ("", ".git") or path.endswith(".py") or TEMPORARY.match(parts[-1]) else path


def _to_be_named(failure: Failure, context: AppContext, path: str, *, temporary: bool) -> Finding:
    cause = (
        f"{path or 'The folder of the code'} is in the code of the app, and {owner(context.tree / path)}. "
        f"The app runs as the user {context.site}, who may only read it."
    )
    added = None if temporary and not to_add(context, posixpath.dirname(path)) else to_add(context, path)
    frame = context.own_frame(failure)
    if added == path and frame and SAVES.search(frame.source) and not (context.tree / path).exists():
        added = _folder_of(context, path)
    if added is None:
        advice = "Let the app write to a folder of its own, such as data/, and add that folder to app.writable."
        return context.finding(NOT_WRITABLE, failure, cause, (Advice(advice), DEPLOY))
    fix = (context.add("app.writable", added), context.apply(KEEP))
    return context.finding(NOT_WRITABLE, failure, cause, fix)


def _folder_of(context: AppContext, path: str) -> str | None:
    """Return the folder of an upload, for more will come; None where it holds other files, too."""
    folder = posixpath.dirname(path)
    own = (
        folder
        and posixpath.basename(folder) not in READ_ONLY_FOLDERS
        and not any((context.tree / folder).rglob("*.py"))
    )
    return folder if own else None


def _owned_by_another(failure: Failure, context: AppContext, path: str) -> Finding:
    place = context.data / path
    cause = (
        f"The app may write {path}, but the file itself, {place}, {owner(place)}. It was perhaps made with sudo. "
        f"The app runs as the user {context.site}."
    )
    kind = ("file-of-another-user", "Files of the app belong to its user")
    return context.answered(kind, failure, cause, (context.apply(f"to give it back to {context.site}"),))


def _elsewhere(failure: Failure, context: AppContext, path: str) -> Finding:
    cause = (
        f"{path} {owner(Path(path))} and is outside of the app's folder. The service may write only what is "
        "listed in app.writable, and a /tmp of its own."
    )
    fix = (Advice("Let the app use a path in its own folder, and add that to app.writable."), DEPLOY)
    return context.finding(("file-outside-app", "App writes only to its own folder"), failure, cause, fix)


def _device(failure: Failure, context: AppContext, path: str) -> Finding:
    cause = f"{path} is a device, and the service has no access to devices: web apps rarely need any."
    fix = (
        RunCommand(f"sudo systemctl edit {context.site}.service", "if yours does"),
        Advice("Add the lines [Service], PrivateDevices=no and SupplementaryGroups= with the group of the device."),
    )
    return context.finding(("device-not-reachable", "Devices open to the app"), failure, cause, fix)


def _missing(failure: Failure, context: AppContext, path: str | None) -> Finding | None:
    """Return the finding for a missing folder that the app writes to: git keeps no empty folders."""
    frame = context.own_frame(failure)
    wanted = any(path == found.path or str(path).startswith(f"{found.path}/") for found in context.may_write)
    if path is None or not posixpath.dirname(path) or not (wanted or (frame and WRITES.search(frame.source))):
        return None
    folder = posixpath.dirname(path)
    there = (context.tree / folder).is_dir()
    kind = ("folder-missing", "Folders of the app exist")
    if context.kept(path) and (context.treated or not there):
        cause = f"The app may write to {folder}, but it is missing in {context.data}."
        return context.answered(kind, failure, cause, (context.apply("to make it again"),))
    added = to_add(context, path)
    if there or added is None:
        return None
    cause = f"The app writes to the folder {folder}, which is not in the repository: git keeps no empty folders."
    fix = (context.add("app.writable", added), context.apply("to make the folder and let the app write to it"))
    return context.finding(kind, failure, cause, fix)


def _only_written(folder: Path) -> bool:
    """Return whether a folder of the repository has only a file that makes git keep it."""
    return not folder.is_dir() or all(file.name in {".gitkeep", ".gitignore", ".keep"} for file in folder.iterdir())


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
