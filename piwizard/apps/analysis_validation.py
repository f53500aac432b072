"""Validate the parts of a report about an app's code before they are used."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from piwizard.answers import validators as v
from piwizard.answers.validators.process_tables import MAX_PROCESSES
from piwizard.apps.analysis import MAX_SUGGESTIONS, PythonPackages, StaticFiles
from piwizard.apps.analysis_texts import (
    MAX_TEXT_LENGTH,
    accepts,
    is_entry,
    is_repository_path,
    is_short_text,
    printable,
)
from piwizard.apps.author_paths import HOME, AuthorPath
from piwizard.apps.code_warnings import WARNING_TEXTS, CodeWarning
from piwizard.apps.command_line import CommandLine
from piwizard.apps.database import InitCommand
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.env_vars import GENERATED_NAME, SECRET_NAME, EnvVariable
from piwizard.apps.hardware import HardwareUse
from piwizard.apps.hardware_catalogue import BY_NAME, CIRCUITPYTHON, PROGRAMS
from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.large_files import LargeFile
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.local_services import SERVICES, LocalService
from piwizard.apps.lost_writes import KINDS as LOST_KINDS
from piwizard.apps.lost_writes import LostWrite
from piwizard.apps.privileged_use import KINDS as PRIVILEGED_KINDS
from piwizard.apps.privileged_use import PrivilegedUse
from piwizard.apps.process_model import KINDS, ProcessFinding
from piwizard.apps.processes import FoundProcess, UnrunnableProgram
from piwizard.apps.required_python import RequiredPython
from piwizard.apps.requirements_validation import check_packages
from piwizard.apps.schedules import FoundSchedule
from piwizard.apps.start_folder import StartFolder
from piwizard.apps.static import ROOT_FILES
from piwizard.apps.typed_json import decode_as
from piwizard.apps.upload_limit import UploadLimit
from piwizard.apps.version_specs import MAX_SPEC_LENGTH
from piwizard.apps.write_paths import SAFE_PATH, WritePath
from piwizard.nginx.request_limits import MAX_UPLOAD_MIB
from piwizard.system.devices import DEVICE_CLASSES

COMMAND_WORD = re.compile(r"[\w./-][\w.:/-]{0,199}", re.ASCII)
WEBSOCKET_PATH = re.compile(r"/?[\w./-]{0,200}", re.ASCII)
SETUP_PROGRAMS = ("flask", "alembic")


def check_part(part: str, value: object) -> Any:  # noqa: ANN401 — each part has its own type
    """Return a part, decoded from JSON, without items that no answer could have.

    MalformedAnalysis if the value has another type.
    """
    kind, check = PART_TYPES[part]
    return check(decode_as(kind, value))


def _check_entries(found: tuple[EntryCandidate, ...]) -> tuple[EntryCandidate, ...]:
    def right(one: EntryCandidate) -> bool:
        folders = [folder for folder in (one.chdir, one.pythonpath) if folder]
        words = is_short_text(one.why) and is_short_text(one.problem)
        words = words and all(map(is_short_text, one.required))
        return is_entry(one.entry) and is_repository_path(one.file) and all(map(is_repository_path, folders)) and words

    return tuple(one for one in found if right(one))


def _check_arguments(found: tuple[CommandLine, ...]) -> tuple[CommandLine, ...]:
    def right(one: CommandLine) -> bool:
        places = all(not place or is_repository_path(place.rpartition(":")[0]) for place in (one.place, one.reader))
        return places and all(map(is_short_text, one.required)) and (not one.text or accepts(v.arguments, one.text))

    return tuple(one for one in found if right(one))[:1]


def _check_static(found: StaticFiles) -> StaticFiles:
    folders = [
        one for one in found.folders if accepts(v.static, {one.prefix: one.folder}) and is_repository_path(one.file)
    ]
    files = [one for one in found.root_files if one.url.strip("/") in ROOT_FILES and accepts(v.inside, one.path)]
    return StaticFiles(tuple(folders[:MAX_SUGGESTIONS]), tuple(files[: len(ROOT_FILES)]))


def _check_environment(found: tuple[EnvVariable, ...]) -> tuple[EnvVariable, ...]:
    return tuple(
        replace(
            one,
            default=printable(one.default),
            example=printable(one.example),
            secret=bool(SECRET_NAME.search(one.name)),
            generate=bool(GENERATED_NAME.search(one.name)),
        )
        for one in found
        if accepts(v.environment, {one.name: ""}) and is_repository_path(one.file)
    )


def _check_init(found: tuple[InitCommand, ...]) -> tuple[InitCommand, ...]:
    def right(one: InitCommand) -> bool:
        program, *words = one.argv or ("",)
        app = words[1] if words[:1] == ["--app"] and len(words) > 1 else None
        named = app is None or COMMAND_WORD.fullmatch(app) or is_entry(app)
        plain = words[2:] if app is not None else words
        script = words[0] if program == "python" and words else "-"  # never an option, such as -c
        own_script = script.endswith(".py") and not script.startswith("-") and is_repository_path(script)
        known = (
            (program in SETUP_PROGRAMS or own_script)
            and bool(named)
            and all(map(COMMAND_WORD.fullmatch, plain))
            and is_short_text(one.why)
        )
        return known and (one.risk is None or (is_short_text(one.risk.why) and is_repository_path(one.risk.file)))

    return tuple(one for one in found if right(one) and is_repository_path(one.file))[:MAX_SUGGESTIONS]


def _check_server(found: str) -> str:
    return found if is_short_text(found) else ""


def _check_network(found: tuple[HomeNetworkUse, ...]) -> tuple[HomeNetworkUse, ...]:
    return tuple(one for one in found if is_short_text(one.why) and is_repository_path(one.file))[:MAX_SUGGESTIONS]


def _check_hardware(found: tuple[HardwareUse, ...]) -> tuple[HardwareUse, ...]:
    libraries = {"", CIRCUITPYTHON.name, *BY_NAME}
    packages = {"", *(package for _, package in PROGRAMS.values())}

    def right(one: HardwareUse) -> bool:
        known = set(one.kinds) <= DEVICE_CLASSES.keys() and one.library in libraries and one.package in packages
        return known and is_short_text(one.why) and is_short_text(one.device) and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_process(found: tuple[ProcessFinding, ...]) -> tuple[ProcessFinding, ...]:
    return tuple(
        one
        for one in found
        if one.kind in KINDS
        and is_short_text(one.why)
        and is_repository_path(one.file)
        and (not one.path or WEBSOCKET_PATH.fullmatch(one.path))
    )[:MAX_SUGGESTIONS]


def _check_privileged(found: tuple[PrivilegedUse, ...]) -> tuple[PrivilegedUse, ...]:
    def right(one: PrivilegedUse) -> bool:
        return one.kind in PRIVILEGED_KINDS and is_short_text(one.what) and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_folder(found: tuple[StartFolder, ...]) -> tuple[StartFolder, ...]:
    plain = (
        one
        for one in found
        if (not one.folder or is_repository_path(one.folder))
        and is_short_text(one.why)
        and is_repository_path(one.file)
    )
    return tuple(plain)[:1]


def _check_processes(found: tuple[FoundProcess, ...]) -> tuple[FoundProcess, ...]:
    right = [one for one in found if accepts(v.processes, {one.name: one.command}) and is_repository_path(one.file)]
    return tuple({one.name: one for one in right}.values())[:MAX_PROCESSES]


def _check_unrunnable(found: tuple[UnrunnableProgram, ...]) -> tuple[UnrunnableProgram, ...]:
    right = (one for one in found if is_short_text(one.command) and is_repository_path(one.file))
    return tuple(right)[:MAX_PROCESSES]


def _check_schedules(found: tuple[FoundSchedule, ...]) -> tuple[FoundSchedule, ...]:
    right = [one for one in found if accepts(v.schedule, {one.time: one.command}) and is_repository_path(one.file)]
    return tuple({one.time: one for one in right}.values())[:MAX_PROCESSES]


def _check_services(found: tuple[LocalService, ...]) -> tuple[LocalService, ...]:
    return tuple(
        one for one in found if one.name in SERVICES and is_short_text(one.why) and is_repository_path(one.file)
    )[: len(SERVICES)]


def _check_writable(found: tuple[WritePath, ...]) -> tuple[WritePath, ...]:
    kinds = ("folder", "file", "sqlite")
    return tuple(
        one
        for one in found
        if is_repository_path(one.path)
        and SAFE_PATH.fullmatch(one.path)
        and one.kind in kinds
        and is_short_text(one.why)
    )[:MAX_SUGGESTIONS]


def _check_author_paths(found: tuple[AuthorPath, ...]) -> tuple[AuthorPath, ...]:
    def right(one: AuthorPath) -> bool:
        folder, checkout = (
            path.replace(HOME, "/home/pi", 1) if one.in_home else path for path in (one.folder, one.project)
        )
        plain = accepts(v.shown_paths, {folder: "data"})
        project = not checkout or (accepts(v.shown_paths, {checkout: "code"}) and is_repository_path(one.inside))
        return plain and project and is_repository_path(one.file)

    return tuple(one for one in found if right(one))[:MAX_SUGGESTIONS]


def _check_lost_writes(found: tuple[LostWrite, ...]) -> tuple[LostWrite, ...]:
    def right(one: LostWrite) -> bool:
        return (
            one.kind in LOST_KINDS and bool(SAFE_PATH.fullmatch(one.path.strip("/"))) and is_repository_path(one.file)
        )

    return tuple(one for one in found if right(one) and is_short_text(one.path))[:MAX_SUGGESTIONS]


def _check_large_files(found: tuple[LargeFile, ...]) -> tuple[LargeFile, ...]:
    return tuple(one for one in found if is_repository_path(one.path) and one.size >= 0)[:MAX_SUGGESTIONS]


def _check_local_modules(found: tuple[LocalModule, ...]) -> tuple[LocalModule, ...]:
    return tuple(
        one
        for one in found
        if (one.module.isidentifier() or not one.module)
        and SAFE_PATH.fullmatch(one.path)
        and all(is_repository_path(path) for path in (one.path, one.file, one.sample or one.file))
    )[:MAX_SUGGESTIONS]


def _check_python(found: tuple[RequiredPython, ...]) -> tuple[RequiredPython, ...]:
    plain = (
        one
        for one in found
        if is_short_text(one.spec) and len(one.spec) <= MAX_SPEC_LENGTH and is_repository_path(one.file)
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
    "arguments": (tuple[CommandLine, ...], _check_arguments),
    "needs": (PythonPackages, check_packages),
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
    "unrunnable": (tuple[UnrunnableProgram, ...], _check_unrunnable),
    "schedules": (tuple[FoundSchedule, ...], _check_schedules),
    "services": (tuple[LocalService, ...], _check_services),
    "writable": (tuple[WritePath, ...], _check_writable),
    "author_paths": (tuple[AuthorPath, ...], _check_author_paths),
    "lost_writes": (tuple[LostWrite, ...], _check_lost_writes),
    "local_modules": (tuple[LocalModule, ...], _check_local_modules),
    "large_files": (tuple[LargeFile, ...], _check_large_files),
    "python": (tuple[RequiredPython, ...], _check_python),
    "warnings": (tuple[CodeWarning, ...], _check_warnings),
    "uploads": (tuple[UploadLimit, ...], _check_uploads),
}
