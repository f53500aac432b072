"""Explain errors of files that the app cannot write, or that are missing."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from piwizard.apps.write_paths import READ_ONLY_FOLDERS
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.file_owners import MADE_BY_ROOT, describe_owner
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.shown_path_errors import author_path_error, is_author_path
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
"""Uploads and pictures are saved like this, each with another name."""


def permission_error(failure: Failure, context: AppContext) -> Finding | None:
    """Return the finding if the app cannot write a file, or its folder is missing."""
    match = ERROR.match(failure.text)
    if match is None or int(match["number"]) not in (NOT_PERMITTED, MISSING, DENIED, READ_ONLY):
        return None
    named = match["path"].lstrip("b")[1:-1]
    path = context.inside(named)
    if path is None and is_author_path(named):
        return author_path_error(failure, context, named, missing=int(match["number"]) == MISSING)
    if int(match["number"]) == MISSING:
        return _missing(failure, context, path)
    if named.startswith("/dev/"):
        return _device(failure, context, named)
    if path is None and Path(named).is_relative_to(context.data):
        path = str(Path(named).relative_to(context.data))
        return _owned_by_another(failure, context, path)
    if path is None:
        return _elsewhere(failure, context, named)
    if context.persistent_path(path):
        return _owned_by_another(failure, context, path)
    return _to_be_named(failure, context, path, temporary=bool(match["to"]))


def path_to_add(context: AppContext, path: str) -> str | None:
    """Return the entry for app.writable with which the app can write `path`.

    Return None if that would be the app's code.
    """
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
        f"{path or 'The folder of the code'} is in the code of the app, and {describe_owner(context.tree / path)}. "
        f"The app runs as the user {context.site}, who can only read it."
    )
    added = None if temporary and not path_to_add(context, posixpath.dirname(path)) else path_to_add(context, path)
    frame = context.own_frame(failure)
    if added == path and frame and SAVES.search(frame.source) and not (context.tree / path).exists():
        added = _folder_of(context, path)
    if added is None:
        advice = "Let the app write to a folder of its own, such as data/, and add that folder to app.writable."
        return context.finding(NOT_WRITABLE, failure, cause, (Advice(advice), DEPLOY))
    fix = (context.add("app.writable", added), context.apply(KEEP))
    return context.finding(NOT_WRITABLE, failure, cause, fix)


def _folder_of(context: AppContext, path: str) -> str | None:
    """Return the folder of an upload, as more files will follow; None if it contains other files, too."""
    folder = posixpath.dirname(path)
    own = (
        folder
        and posixpath.basename(folder) not in READ_ONLY_FOLDERS
        and not any((context.tree / folder).rglob("*.py"))
    )
    return folder if own else None


def _owned_by_another(failure: Failure, context: AppContext, path: str) -> Finding:
    data_path = context.data / path
    cause = (
        f"The app is allowed to write {path}, but the file itself, {data_path}, {describe_owner(data_path)}. "
        f"{MADE_BY_ROOT} The app runs as the user {context.site}."
    )
    kind = ("file-of-another-user", "Files of the app belong to its user")
    return context.answered(kind, failure, cause, (context.apply(f"to make {context.site} its owner again"),))


def _elsewhere(failure: Failure, context: AppContext, path: str) -> Finding:
    cause = (
        f"{path} {describe_owner(Path(path))} and is outside of the app's folder. The service can write only what is "
        "listed in app.writable, and a /tmp of its own."
    )
    fix = (Advice("Let the app use a path in its own folder, and add that to app.writable."), DEPLOY)
    return context.finding(("file-outside-app", "App writes only to its own folder"), failure, cause, fix)


def _device(failure: Failure, context: AppContext, path: str) -> Finding:
    cause = f"{path} is a device, and the service has no access to devices: web apps rarely need any."
    fix = (
        RunCommand(f"sudo systemctl edit {context.site}.service", "if yours needs one"),
        Advice("Add the lines [Service], PrivateDevices=no and SupplementaryGroups= with the group of the device."),
    )
    return context.finding(("device-not-reachable", "Devices open to the app"), failure, cause, fix)


def _missing(failure: Failure, context: AppContext, path: str | None) -> Finding | None:
    """Return the finding for a missing folder that the app writes to; git keeps no empty folders."""
    frame = context.own_frame(failure)
    wanted = any(path == found.path or str(path).startswith(f"{found.path}/") for found in context.may_write)
    if path is None or not posixpath.dirname(path) or not (wanted or (frame and WRITES.search(frame.source))):
        return None
    folder = posixpath.dirname(path)
    there = (context.tree / folder).is_dir()
    kind = ("folder-missing", "Folders of the app exist")
    if context.persistent_path(path) and (context.before_last_run or not there):
        cause = f"The app is allowed to write to {folder}, but it is missing in {context.data}."
        return context.answered(kind, failure, cause, (context.apply("to create it again"),))
    added = path_to_add(context, path)
    if there or added is None:
        return None
    cause = f"The app writes to the folder {folder}, which is not in the repository: git keeps no empty folders."
    fix = (context.add("app.writable", added), context.apply("to make the folder and let the app write to it"))
    return context.finding(kind, failure, cause, fix)


def _only_written(folder: Path) -> bool:
    """Return whether a folder of the repository has only a file that makes git keep it."""
    return not folder.is_dir() or all(file.name in {".gitkeep", ".gitignore", ".keep"} for file in folder.iterdir())
