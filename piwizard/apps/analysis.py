"""Hold the report about an app's code, and the answers that it suggests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeVar

from piwizard.apps.author_paths import AuthorPath
from piwizard.apps.code_warnings import CodeWarning
from piwizard.apps.command_line import CommandLine
from piwizard.apps.database import InitCommand
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.env_vars import EnvVariable
from piwizard.apps.hardware import HardwareUse
from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.large_files import LargeFile
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.local_services import LocalService
from piwizard.apps.lost_writes import LostWrite
from piwizard.apps.privileged_use import PrivilegedUse
from piwizard.apps.process_model import ProcessFinding
from piwizard.apps.processes import FoundProcess, UnrunnableProgram
from piwizard.apps.required_python import RequiredPython
from piwizard.apps.requirements import Requirements
from piwizard.apps.schedules import FoundSchedule
from piwizard.apps.start_folder import StartFolder
from piwizard.apps.static import RootFile, StaticFolder
from piwizard.apps.upload_limit import UploadLimit
from piwizard.apps.write_paths import WritePath
from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass

T = TypeVar("T")
MAX_SUGGESTIONS = 50
KEY_OF_PART = {
    "entries": "app.entry",
    "arguments": "app.arguments",
    "needs": "app.requirements",
    "static": "app.static",
    "environment": "app.env",
    "init": "app.init",
    "server": "app.env",
    "network": "app.network",
    "hardware": "app.hardware",
    "privileged": "app.may",
    "process": "gunicorn.workers",
    "folder": "app.folder",
    "processes": "app.processes",
    "unrunnable": "app.processes",
    "schedules": "app.schedule",
    "services": "app.packages",
    "writable": "app.writable",
    "author_paths": "app.paths",
    "lost_writes": "app.writable",
    "local_modules": "app.writable",
    "large_files": "app.repo",
    "python": "app.python",
    "warnings": "app.env",
    "uploads": "app.upload_limit",
}
"""The answer that replaces each part where the part is not known."""


@dataclass(frozen=True)
class AnalysisOptions:
    """The answers that decide what the analysis looks for. Never a secret."""

    entry: str | None = None
    requirements: str | None = None
    skip_requirements: tuple[str, ...] = ()
    folder: str | None = None


@dataclass(frozen=True)
class PythonPackages:
    """The packages to install: the listed ones, otherwise the imported ones.

    `unknown` are imported modules, with their places, whose packages are not known where none are listed.
    """

    requirements: Requirements | None
    imported: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class StaticFiles:
    """Folders and files that nginx serves without the app."""

    folders: tuple[StaticFolder, ...]
    root_files: tuple[RootFile, ...]


@dataclass(frozen=True)
class AnalysisFailure:
    """The reason why a part is not known, and the file being read ("": unknown)."""

    why: str
    file: str = ""

    def error(self, part: str) -> PiwizardError:
        """Return the error for whoever needs that part."""
        key = KEY_OF_PART[part]
        return PiwizardError(
            f"{key}: the app's code cannot be read: {self.why}{f' ({self.file})' if self.file else ''}.",
            key=key,
            hint=f"Set {key} in the answers, or change the file so that it is easier to read.",
        )


@dataclass(frozen=True)
class Analysis:
    """The parts of a report; `failures` says why a part is None."""

    entries: tuple[EntryCandidate, ...] | None = None
    arguments: tuple[CommandLine, ...] | None = None
    """At most one."""
    needs: PythonPackages | None = None
    static: StaticFiles | None = None
    environment: tuple[EnvVariable, ...] | None = None
    init: tuple[InitCommand, ...] | None = None
    server: str | None = None
    network: tuple[HomeNetworkUse, ...] | None = None
    hardware: tuple[HardwareUse, ...] | None = None
    privileged: tuple[PrivilegedUse, ...] | None = None
    process: tuple[ProcessFinding, ...] | None = None
    folder: tuple[StartFolder, ...] | None = None
    """At most one."""
    processes: tuple[FoundProcess, ...] | None = None
    unrunnable: tuple[UnrunnableProgram, ...] | None = None
    schedules: tuple[FoundSchedule, ...] | None = None
    services: tuple[LocalService, ...] | None = None
    writable: tuple[WritePath, ...] | None = None
    author_paths: tuple[AuthorPath, ...] | None = None
    lost_writes: tuple[LostWrite, ...] | None = None
    local_modules: tuple[LocalModule, ...] | None = None
    large_files: tuple[LargeFile, ...] | None = None
    python: tuple[RequiredPython, ...] | None = None
    """At most one."""
    warnings: tuple[CodeWarning, ...] | None = None
    uploads: tuple[UploadLimit, ...] | None = None
    """At most one."""
    failures: Mapping[str, AnalysisFailure] = field(default_factory=dict)

    def known(self, part: str, value: T | None) -> T:
        """Return the value of a part. PiwizardError if the analysis of that part failed."""
        if value is None:
            raise self.failures[part].error(part)
        return value
