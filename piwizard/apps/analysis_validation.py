"""Validate the parts of a report about an app's code before they are used."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from piwizard.answers import validators as v
from piwizard.answers.validators.process_tables import MAX_PROCESSES
from piwizard.apps import import_scan
from piwizard.apps.analysis import MAX_SUGGESTIONS, PythonPackages, StaticFiles
from piwizard.apps.author_paths import AuthorPath
from piwizard.apps.code_warnings import WARNING_TEXTS, CodeWarning
from piwizard.apps.database import InitCommand
from piwizard.apps.debian_modules import DEBIAN_MODULES
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.env_vars import GENERATED_NAME, SECRET_NAME, EnvVariable
from piwizard.apps.hardware import HardwareUse
from piwizard.apps.hardware_catalogue import BY_NAME, CIRCUITPYTHON, PROGRAMS
from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.large_files import LargeFile
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.privileged_use import KINDS as PRIVILEGED_KINDS
from piwizard.apps.privileged_use import PrivilegedUse
from piwizard.apps.process_model import KINDS, ProcessFinding
from piwizard.apps.processes import FoundProcess
from piwizard.apps.required_python import RequiredPython
from piwizard.apps.start_folder import StartFolder
from piwizard.apps.static import ROOT_FILES
from piwizard.apps.typed_json import MalformedAnalysis, decode_as
from piwizard.apps.unusable_requirements import UnusableLine
from piwizard.apps.upload_limit import UploadLimit
from piwizard.apps.version_specs import MAX_SPEC_LENGTH
from piwizard.apps.write_paths import SAFE_PATH, WritePath
from piwizard.nginx.request_limits import MAX_UPLOAD_MIB
from piwizard.system.devices import DEVICE_CLASSES

COMMAND_WORD = re.compile(r"[\w./-][\w.:/-]{0,199}", re.ASCII)
DISTRIBUTION = re.compile(r"[a-z0-9-]{1,100}")
PINNED_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+", re.ASCII)
WEBSOCKET_PATH = re.compile(r"/?[\w./-]{0,200}", re.ASCII)
SETUP_PROGRAMS = ("flask", "alembic")
MAX_TEXT_LENGTH = 1000
MAX_PATH_LENGTH = 400


def check_part(part: str, value: object) -> Any:  # noqa: ANN401 — each part has its own type
    """Return a part, decoded from JSON, without items that no answer could have.

    MalformedAnalysis if the value has another type.
    """
    kind, check = PART_TYPES[part]
    return check(decode_as(kind, value))


def is_repository_path(path: str) -> bool:
    """Return whether a text is a plain path inside the repository."""
    parts = path.split("/")
    plain = path.isprintable() and len(path) <= MAX_PATH_LENGTH and not path.startswith("-")
    return plain and not {"", ".", ".."} & set(parts) and parts[0] != ".git"


def is_entry(text: str) -> bool:
    """Return whether a text names a WSGI callable, or calls one with literals."""
    return _accepts(v.entry, text)


def _accepts(validator: v.Validator, value: object) -> bool:
    try:
        validator(value)
    except v.Invalid:
        return False
    return True


def _is_short_text(text: str) -> bool:
    return text.isprintable() and len(text) <= MAX_TEXT_LENGTH


def _check_entries(found: tuple[EntryCandidate, ...]) -> tuple[EntryCandidate, ...]:
    def right(one: EntryCandidate) -> bool:
        folders = [folder for folder in (one.chdir, one.pythonpath) if folder]
        words = _is_short_text(one.why) and _is_short_text(one.problem)
        words = words and all(map(_is_short_text, one.required))
        return is_entry(one.entry) and is_repository_path(one.file) and all(map(is_repository_path, folders)) and words

    return tuple(one for one in found if right(one))


def _check_packages(found: PythonPackages) -> PythonPackages:
    imported = tuple(name for name in found.imported if import_scan.is_known_package(name))
    wanted = found.requirements
    if wanted is None:
        return PythonPackages(None, imported)
    project = wanted.is_project
    listed = wanted.arguments == ("-r", wanted.file)
    plain = all(_is_short_text(one) and not one.startswith("-") for one in wanted.apart)
    if not is_repository_path(wanted.file) or not plain or not (listed or project or not wanted.arguments):
        raise MalformedAnalysis("unexpected arguments for pip")
    if project and wanted.arguments != (".",) and not is_repository_path(wanted.arguments[0].removeprefix("./")):
        raise MalformedAnalysis("a project outside of the repository")
    lines = (" ".join(line.split()) for line in wanted.lines)
    kept = replace(
        wanted,
        kind=wanted.kind if _is_short_text(wanted.kind) else "",
        lines=tuple(line for line in lines if line and _is_short_text(line)),
        constraints=tuple(line for line in wanted.constraints if PINNED_REQUIREMENT.fullmatch(line)),
        names=tuple(name for name in wanted.names if DISTRIBUTION.fullmatch(name)),
        pins=tuple(line for line in wanted.pins if _is_short_text(line) and PINNED_REQUIREMENT.match(line)),
        unusable=tuple(one for one in wanted.unusable if _is_listed_line(one)),
        skipped=tuple(one for one in wanted.skipped if _is_short_text(one)),
        gunicorn=wanted.gunicorn if _is_short_text(wanted.gunicorn) else "",
        compiled=tuple(
            one
            for one in wanted.compiled
            if one.name in DEBIAN_MODULES and is_repository_path(one.file) and _is_short_text(one.text)
        ),
    )
    return PythonPackages(kept, imported)


def _is_listed_line(one: UnusableLine) -> bool:
    return (
        is_repository_path(one.file)
        and _is_short_text(one.text)
        and _is_short_text(one.reason)
        and _is_short_text(one.name)
    )


def _check_static(found: StaticFiles) -> StaticFiles:
    folders = [
        one for one in found.folders if _accepts(v.static, {one.prefix: one.folder}) and is_repository_path(one.file)
    ]
    files = [one for one in found.root_files if one.url.strip("/") in ROOT_FILES and _accepts(v.inside, one.path)]
    return StaticFiles(tuple(folders[:MAX_SUGGESTIONS]), tuple(files[: len(ROOT_FILES)]))


def _check_environment(found: tuple[EnvVariable, ...]) -> tuple[EnvVariable, ...]:
    return tuple(
        replace(
            one,
            default=_printable(one.default),
            example=_printable(one.example),
            secret=bool(SECRET_NAME.search(one.name)),
            generate=bool(GENERATED_NAME.search(one.name)),
        )
        for one in found
        if _accepts(v.environment, {one.name: ""}) and is_repository_path(one.file)
    )


def _printable(text: str | None) -> str | None:
    """Return a text of the code without control characters, shortened."""
    return text and "".join(sign if sign.isprintable() else " " for sign in text[:MAX_TEXT_LENGTH])


def _check_init(found: tuple[InitCommand, ...]) -> tuple[InitCommand, ...]:
    def right(one: InitCommand) -> bool:
        program, *words = one.argv or ("",)
        app = words[1] if words[:1] == ["--app"] and len(words) > 1 else None
        named = app is None or COMMAND_WORD.fullmatch(app) or is_entry(app)
        plain = words[2:] if app is not None else words
        known = (
            program in SETUP_PROGRAMS
            and bool(named)
            and all(map(COMMAND_WORD.fullmatch, plain))
            and _is_short_text(one.why)
        )
        return known and (one.risk is None or (_is_short_text(one.risk.why) and is_repository_path(one.risk.file)))

    return tuple(one for one in found if right(one) and is_repository_path(one.file))[:MAX_SUGGESTIONS]


def _check_server(found: str) -> str:
    return found if _is_short_text(found) else ""


def _check_network(found: tuple[HomeNetworkUse, ...]) -> tuple[HomeNetworkUse, ...]:
    return tuple(one for one in found if _is_short_text(one.why) and is_repository_path(one.file))[:MAX_SUGGESTIONS]


def _check_hardware(found: tuple[HardwareUse, ...]) -> tuple[HardwareUse, ...]:
    libraries = {"", CIRCUITPYTHON.name, *BY_NAME}
    packages = {"", *(package for _, package in PROGRAMS.values())}

    def right(one: HardwareUse) -> bool:
        known = set(one.kinds) <= DEVICE_CLASSES.keys() and one.library in libraries and one.package in packages
        return known and _is_short_text(one.why) and _is_short_text(one.device) and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_process(found: tuple[ProcessFinding, ...]) -> tuple[ProcessFinding, ...]:
    return tuple(
        one
        for one in found
        if one.kind in KINDS
        and _is_short_text(one.why)
        and is_repository_path(one.file)
        and (not one.path or WEBSOCKET_PATH.fullmatch(one.path))
    )[:MAX_SUGGESTIONS]


def _check_privileged(found: tuple[PrivilegedUse, ...]) -> tuple[PrivilegedUse, ...]:
    def right(one: PrivilegedUse) -> bool:
        return one.kind in PRIVILEGED_KINDS and _is_short_text(one.what) and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_folder(found: tuple[StartFolder, ...]) -> tuple[StartFolder, ...]:
    plain = (
        one
        for one in found
        if (not one.folder or is_repository_path(one.folder))
        and _is_short_text(one.why)
        and is_repository_path(one.file)
    )
    return tuple(plain)[:1]


def _check_processes(found: tuple[FoundProcess, ...]) -> tuple[FoundProcess, ...]:
    right = [one for one in found if _accepts(v.processes, {one.name: one.command}) and is_repository_path(one.file)]
    return tuple({one.name: one for one in right}.values())[:MAX_PROCESSES]


def _check_writable(found: tuple[WritePath, ...]) -> tuple[WritePath, ...]:
    kinds = ("folder", "file", "sqlite")
    return tuple(
        one
        for one in found
        if is_repository_path(one.path)
        and SAFE_PATH.fullmatch(one.path)
        and one.kind in kinds
        and _is_short_text(one.why)
    )[:MAX_SUGGESTIONS]


def _check_author_paths(found: tuple[AuthorPath, ...]) -> tuple[AuthorPath, ...]:
    def right(one: AuthorPath) -> bool:
        plain = _accepts(v.shown_paths, {one.folder: "data"})
        project = not one.project or (_accepts(v.shown_paths, {one.project: "code"}) and is_repository_path(one.inside))
        return plain and project and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_large_files(found: tuple[LargeFile, ...]) -> tuple[LargeFile, ...]:
    return tuple(one for one in found if is_repository_path(one.path) and one.size >= 0)[:MAX_SUGGESTIONS]


def _check_local_modules(found: tuple[LocalModule, ...]) -> tuple[LocalModule, ...]:
    return tuple(
        one
        for one in found
        if one.module.isidentifier()
        and SAFE_PATH.fullmatch(one.path)
        and all(is_repository_path(path) for path in (one.path, one.file, one.sample or one.file))
    )[:MAX_SUGGESTIONS]


def _check_python(found: tuple[RequiredPython, ...]) -> tuple[RequiredPython, ...]:
    plain = (
        one
        for one in found
        if _is_short_text(one.spec) and len(one.spec) <= MAX_SPEC_LENGTH and is_repository_path(one.file)
    )
    return tuple(plain)[:1]


def _check_warnings(found: tuple[CodeWarning, ...]) -> tuple[CodeWarning, ...]:
    return tuple(one for one in found if one.setting in WARNING_TEXTS and is_repository_path(one.file))[
        :MAX_SUGGESTIONS
    ]


def _check_uploads(found: tuple[UploadLimit, ...]) -> tuple[UploadLimit, ...]:
    right = (
        one
        for one in found
        if 1 <= one.mib <= MAX_UPLOAD_MIB and one.setting.isidentifier() and len(one.setting) < MAX_TEXT_LENGTH
        if is_repository_path(one.file)
    )
    return tuple(right)[:1]


PART_TYPES: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "entries": (tuple[EntryCandidate, ...], _check_entries),
    "needs": (PythonPackages, _check_packages),
    "static": (StaticFiles, _check_static),
    "environment": (tuple[EnvVariable, ...], _check_environment),
    "init": (tuple[InitCommand, ...], _check_init),
    "server": (str, _check_server),
    "network": (tuple[HomeNetworkUse, ...], _check_network),
    "hardware": (tuple[HardwareUse, ...], _check_hardware),
    "privileged": (tuple[PrivilegedUse, ...], _check_privileged),
    "process": (tuple[ProcessFinding, ...], _check_process),
    "folder": (tuple[StartFolder, ...], _check_folder),
    "processes": (tuple[FoundProcess, ...], _check_processes),
    "writable": (tuple[WritePath, ...], _check_writable),
    "author_paths": (tuple[AuthorPath, ...], _check_author_paths),
    "local_modules": (tuple[LocalModule, ...], _check_local_modules),
    "large_files": (tuple[LargeFile, ...], _check_large_files),
    "python": (tuple[RequiredPython, ...], _check_python),
    "warnings": (tuple[CodeWarning, ...], _check_warnings),
    "uploads": (tuple[UploadLimit, ...], _check_uploads),
}
