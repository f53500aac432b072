"""Explain errors at paths of the author's own Pi, such as /home/pi/sensor.

app.paths says what the app sees there.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path, PurePosixPath

from piwizard.answers.validators.basic import Invalid
from piwizard.answers.validators.shown_paths import DISK, shown_paths
from piwizard.apps.author_paths import CODE, DATA
from piwizard.diagnosis.app_context import AppContext
from piwizard.diagnosis.file_owners import MADE_BY_ROOT, describe_owner
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure
from piwizard.system.remedies import Advice, RunCommand

AUTHOR_PATH = re.compile(r"/(?:home|root|mnt|media)/.")
HOME = re.compile(r"/home/[^/]+|/root")
OUTSIDE = ("file-outside-app", "App writes only to its own folder")
OF_ANOTHER = ("file-of-another-user", "Files of the app belong to its user")
FILE_MISSING = ("file-missing", "Files of the app exist")


def is_author_path(path: str) -> bool:
    """Return whether app.paths can show the app something at this path."""
    return bool(AUTHOR_PATH.match(path))


def author_path_error(failure: Failure, context: AppContext, path: str, *, missing: bool) -> Finding | None:
    """Return the finding for a path below /home, /root, /mnt or /media."""
    top = next((one for one in context.shown_paths if f"{path}/".startswith(f"{one}/")), None)
    if top is None:
        return _not_shown(failure, context, path)
    target, below = context.shown_paths[top], path[len(top) + 1 :]
    if target == top:
        return _on_disk(failure, context, path, missing=missing)
    if target == CODE:
        return _in_code(failure, context, path, below, missing=missing)
    real = context.data / below
    if missing:
        cause = f"app.paths shows the app its data at {top}, so {path} is {real} on this Pi, which does not exist."
        folder = shlex.quote(str(real.parent))
        fix = (
            RunCommand(f"sudo -u {context.site} mkdir -p {folder}", "to make its folder"),
            Advice(f"If you have a file for it, copy it to {real}."),
        )
        return context.finding(FILE_MISSING, failure, cause, fix)
    cause = f"app.paths shows the app its data at {top}, but {real} {describe_owner(real)}. {MADE_BY_ROOT}"
    return context.answered(OF_ANOTHER, failure, cause, (context.apply(f"to make {context.site} its owner again"),))


def _not_shown(failure: Failure, context: AppContext, path: str) -> Finding | None:
    cause = (
        f"{path} is outside of the app's folder, and the app sees nothing of /home, /root, /mnt and /media except what "
        "app.paths shows it."
    )
    folder = _folder_to_show(context, path)
    if folder is None:
        advice = Advice("Let the app use a path in its own folder, and add that to app.writable.")
        return context.finding(OUTSIDE, failure, cause, (advice, RunCommand("piwizard deploy", "after that")))
    if DISK.match(folder):
        text = (
            f'Under [app.paths] of the answers, write "{folder}" = "{folder}" to use the disk that is mounted there, '
            f'or "{folder}" = "data" to keep it in {context.data}.'
        )
        return context.finding(OUTSIDE, failure, cause, (Advice(text), RunCommand(context.apply_command, "after that")))
    shown = context.show_path(folder, DATA)
    purpose = f"to keep what the app expects in {folder} in {context.data}"
    return context.finding(OUTSIDE, failure, cause, (shown, context.apply(purpose)))


def _folder_to_show(context: AppContext, path: str) -> str | None:
    """Return the folder that app.paths can name for a path, by the rules of that answer; else None."""
    folder = str(PurePosixPath(path).parent) if PurePosixPath(path).suffix else path
    if DISK.match(folder):
        folder = "/".join(folder.split("/")[:4])
    elif not HOME.match(folder):
        return None
    try:
        shown_paths({**context.shown_paths, folder: folder if DISK.match(folder) else DATA})
    except Invalid:
        return None
    return folder


def _in_code(failure: Failure, context: AppContext, path: str, below: str, *, missing: bool) -> Finding:
    cause = f"app.paths shows the app its code at {path.removesuffix(below).rstrip('/')}, so {path} is {below} there. "
    if missing:
        cause += "The repository has no such file."
        fix = (Advice(f"Commit it, or add {below} to app.writable if the app creates it."),)
        return context.finding(FILE_MISSING, failure, cause, (*fix, RunCommand("piwizard deploy", "after that")))
    if context.persistent_path(below):
        real = context.data / below
        cause += f"The app may write it, but {real} {describe_owner(real)}. {MADE_BY_ROOT}"
        return context.answered(OF_ANOTHER, failure, cause, (context.apply(f"to make {context.site} its owner again"),))
    cause += "The app can only read its code."
    fix_answers = (context.add("app.writable", below), context.apply("to make it writable and keep it"))
    return context.finding(OUTSIDE, failure, cause, fix_answers)


def _on_disk(failure: Failure, context: AppContext, path: str, *, missing: bool) -> Finding:
    if missing:
        cause = f"app.paths lets the app use the disk at {path}, but nothing is there: is it plugged in and mounted?"
        return context.finding(FILE_MISSING, failure, cause, (RunCommand("findmnt", "to see which disks are mounted"),))
    cause = (
        f"app.paths lets the app use it, but {path} {describe_owner(Path(path))}, and the app runs as the user "
        f"{context.site}."
    )
    fix = (
        RunCommand(f"sudo chown -R {context.site} {shlex.quote(path)}", "to make the app its owner"),
        Advice(f"For a disk with exFAT or FAT, mount it with the option uid={context.site} instead."),
    )
    return context.finding(OF_ANOTHER, failure, cause, fix)
