"""Combine the answers about an app with what was found in its code."""

from __future__ import annotations

import re
from dataclasses import field, replace
from functools import cached_property

from piwizard.answers.model import Answers
from piwizard.apps import analysis_cache
from piwizard.apps.analysis import Analysis, AnalysisOptions, PythonPackages
from piwizard.apps.app_access import AppAccess
from piwizard.apps.app_dependencies import AppDependencies
from piwizard.apps.app_processes import AppProcess, ScheduledCommand, named_processes, scheduled_commands
from piwizard.apps.app_release import choose_release
from piwizard.apps.app_settings import AppSettings
from piwizard.apps.app_source import AppSource
from piwizard.apps.app_start import AppStart, require_in_repository
from piwizard.apps.author_paths import AuthorPath
from piwizard.apps.command_line import CommandLine
from piwizard.apps.database import InitCommand, database_server_in_answers
from piwizard.apps.debian_choice import DebianChoice
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.entry_choice import choose_entry, named_entry
from piwizard.apps.env_vars import EnvVariable
from piwizard.apps.large_files import LargeFile
from piwizard.apps.layout import SiteLayout
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.local_services import LocalService
from piwizard.apps.process_model import ProcessModel
from piwizard.apps.processes import FoundProcess, UnrunnableProgram
from piwizard.apps.requirements import Requirements
from piwizard.apps.schedules import FoundSchedule
from piwizard.apps.setup_commands import SetupCommands, choose_setup_commands
from piwizard.apps.upload_limit import UploadLimit
from piwizard.apps.write_calls import FOLDER
from piwizard.apps.write_paths import WritePath
from piwizard.nginx.request_limits import UPLOAD_MIB
from piwizard.system.apt_archive import AptArchive
from piwizard.system.commands import SEARCH_PATH
from piwizard.system.devices import NOTIFICATION_FOLDER
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.python_version import VenvMismatch, find_venv_mismatch


@dataclass(frozen=True)
class AppConfig:
    """One app as it will run. PiwizardError if code and answers do not match."""

    source: AppSource
    answers: Answers
    system_python: str | None = None
    """Version of the system's python3, such as "3.13.5"; None if unknown."""
    archive: AptArchive = field(default_factory=AptArchive)
    """The Debian packages of this machine."""

    @cached_property
    def analysis(self) -> Analysis:
        """Return what was found in the code.

        The app's list of packages lacks those that Debian provides.
        """
        left_out = self.debian.left_out
        return self._analyze(left_out) if left_out else self._found

    @cached_property
    def _found(self) -> Analysis:
        """Return what was found in the code, with the whole list of packages."""
        return self._analyze(())

    def _analyze(self, left_out: tuple[str, ...]) -> Analysis:
        skip = (*self.answers.get("app.skip_requirements", ()), *left_out)
        options = AnalysisOptions(
            self.answers.get("app.entry"), self.answers.get("app.requirements"), skip, self.answers.get("app.folder")
        )
        site = SiteLayout(str(self.answers.site), self.source.commit)
        return analysis_cache.cached_analysis(site.site, self.source.tree, self.source.commit, site.data, options)

    @cached_property
    def debian(self) -> DebianChoice:
        """Return which of the app's libraries come from Debian."""
        return DebianChoice(self._found, self.python, self.system_python, self.archive)

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the further Debian packages that the answers name."""
        return tuple(self.answers.get("app.packages", ()))

    @cached_property
    def layout(self) -> SiteLayout:
        """Return the folders of the app's release."""
        return choose_release(self)

    @property
    def python(self) -> str:
        """Return the interpreter that creates the virtual environment."""
        return str(self.answers.get("app.python", "python3"))

    @cached_property
    def dependencies(self) -> AppDependencies:
        """Return what pip and apt install for the app."""
        return AppDependencies(self)

    @cached_property
    def left_behind(self) -> VenvMismatch | None:
        """Return the mismatch if the release to use needs a Python that is gone."""
        current = SiteLayout(str(self.answers.site), "").current
        kept = self.source.release if self.source.kept else None
        return find_venv_mismatch((kept or current) / "venv")

    @cached_property
    def entry(self) -> EntryCandidate:
        """Return the WSGI callable and the folder to start it in."""
        found = self.analysis.entries
        wanted = self.answers.get("app.entry")
        if wanted is None:
            return choose_entry(list(self.analysis.known("entries", found)))
        return named_entry(found or (), wanted)

    @property
    def command_line(self) -> CommandLine | None:
        """Return the command line that the code reads, whatever was answered."""
        return next(iter(self.analysis.arguments or ()), None)

    @cached_property
    def requirements(self) -> Requirements | None:
        """Return the requirements to install; None if the code lists none."""
        wanted = self.answers.get("app.requirements")
        if wanted is None:
            _ = self.entry  # raises if it is not clear which app is meant: its requirements are not clear either
            return self.needs.requirements
        require_in_repository(self.source.tree, "app.requirements", wanted, folder=False)
        found = self.analysis.needs.requirements if self.analysis.needs else None
        return found or Requirements("requirements", wanted, ("-r", wanted))

    @property
    def needs(self) -> PythonPackages:
        """Return the Python packages that the code lists or imports."""
        return self.analysis.known("needs", self.analysis.needs)

    @cached_property
    def static(self) -> dict[str, str]:
        """Return URL prefixes ("/static/") and the folder of the code that serves each."""
        wanted = self.answers.get("app.static")
        if wanted is None:
            _ = self.entry
            found = self.analysis.known("static", self.analysis.static)
            return {one.prefix: one.folder for one in found.folders}
        for folder in wanted.values():
            require_in_repository(self.source.tree, "app.static", folder, folder=True)
        return dict(wanted)

    @cached_property
    def root_files(self) -> dict[str, str]:
        """Return URLs ("/robots.txt") and the file of the code for each."""
        _ = self.entry
        found = self.analysis.static
        return {one.url: one.path for one in found.root_files} if found else {}

    @cached_property
    def writable(self) -> tuple[str, ...]:
        """Return the paths that the app may write, without paths inside another one."""
        wanted: list[str] | None = self.answers.get("app.writable")
        if wanted is None:
            _ = self.entry
            wanted = [one.path for one in self.found_writable]
        # Whatever the answer: the app cannot start without these.
        wanted = list(dict.fromkeys((*wanted, *(one.path for one in self.local_modules))))
        return tuple(path for path in wanted if not any(path.startswith(f"{other}/") for other in wanted))

    def is_file(self, path: str) -> bool | None:
        """Return whether the code writes a path as a file; None if it does not write it."""
        return next((one.kind != FOLDER for one in self.analysis.writable or () if one.path == path), None)

    @property
    def author_paths(self) -> tuple[AuthorPath, ...]:
        """Return the paths of the author's own Pi in the code."""
        return self.analysis.author_paths or ()

    @property
    def large_files(self) -> tuple[LargeFile, ...]:
        """Return the files whose content is with Git LFS."""
        return self.analysis.large_files or ()

    @property
    def local_modules(self) -> tuple[LocalModule, ...]:
        """Return the modules that the repository lacks and that belong into the data."""
        return self.analysis.local_modules or ()

    @property
    def found_writable(self) -> tuple[WritePath, ...]:
        """Return the paths that the code writes, whatever was answered."""
        return self.analysis.known("writable", self.analysis.writable)

    @cached_property
    def setup(self) -> SetupCommands:
        """Return which setup commands run and which are only offered."""
        wanted = self.answers.get("app.init")
        chosen = choose_setup_commands(
            wanted, self.found_init if wanted is None else self.analysis.init or (), self.layout.folder
        )
        if not self.source.kept:
            return chosen
        # Migrations of an earlier release do not know the data of a later one.
        return replace(chosen, run=tuple(one for one in chosen.run if one.makes or not one.release))

    @property
    def init(self) -> tuple[str, ...]:
        """Return the setup commands that run, in the form of app.init."""
        return tuple(one.text for one in self.setup.run)

    @cached_property
    def database_server(self) -> str:
        """Describe the database server that the app uses; "" if there is none."""
        answered = database_server_in_answers(self.answers.get("app.env", {}), self.answers.secrets)
        return answered or self.analysis.server or ""

    @cached_property
    def process(self) -> ProcessModel:
        """Return how the app must be served; as usual if its code cannot be read."""
        packages = self.requirements.names if self.requirements else self.dependencies.imported
        return ProcessModel(self.analysis.process or (), frozenset(packages))

    @property
    def found_processes(self) -> tuple[FoundProcess, ...]:
        """Return the processes that the repository shows, whatever was answered."""
        return self.analysis.processes or ()

    @property
    def unrunnable_programs(self) -> tuple[UnrunnableProgram, ...]:
        """Return what the repository starts and the app cannot run."""
        return self.analysis.unrunnable or ()

    @property
    def found_schedules(self) -> tuple[FoundSchedule, ...]:
        """Return the commands that the author starts at certain times."""
        return self.analysis.schedules or ()

    @property
    def local_services(self) -> tuple[LocalService, ...]:
        """Return the servers that the app expects on the same machine."""
        return self.analysis.services or ()

    @cached_property
    def processes(self) -> tuple[AppProcess, ...]:
        """Return the further processes of the app."""
        return named_processes(self.answers.get("app.processes"), self.found_processes)

    @cached_property
    def scheduled(self) -> tuple[ScheduledCommand, ...]:
        """Return the commands that run at certain times."""
        return scheduled_commands(self.answers.get("app.schedule", {}), [one.name for one in self.processes])

    @cached_property
    def access(self) -> AppAccess:
        """Return what the app may reach."""
        return AppAccess(self.answers, self.analysis)

    @cached_property
    def start(self) -> AppStart:
        """Return in which folder the app starts, and its entry there."""
        return AppStart(self)

    @property
    def found_upload_limit(self) -> UploadLimit | None:
        """Return the limit that the code sets, whatever was answered."""
        return next(iter(self.analysis.uploads or ()), None)

    @property
    def upload_limit(self) -> int:
        """Return the size in MiB of the largest request that visitors may send."""
        found = self.found_upload_limit
        return int(self.answers.get("app.upload_limit", found.mib if found else UPLOAD_MIB))

    @property
    def found_init(self) -> tuple[InitCommand, ...]:
        """Return the setup commands that were found in the code, whatever was answered."""
        return self.analysis.known("init", self.analysis.init)

    @cached_property
    def variables(self) -> tuple[EnvVariable, ...]:
        """Return the variables that the code reads.

        There are none if it could not be read and app.env is answered.
        """
        if self.analysis.environment is None and self.answers.get("app.env"):
            return ()
        return self.analysis.known("environment", self.analysis.environment)

    @cached_property
    def settings(self) -> AppSettings:
        """Return the values of these variables."""
        return AppSettings(self.answers, self.variables)

    @property
    def gunicorn(self) -> tuple[int, ...] | None:
        """Return the installed version of gunicorn; None before the environment is built."""
        found = sorted(self.layout.venv.glob("lib/python3*/site-packages/gunicorn-*.dist-info"))
        numbers = re.findall(r"\d+", found[-1].name.removesuffix(".dist-info")) if found else []
        return tuple(int(number) for number in numbers) or None

    def environment(self) -> dict[str, str]:
        """Return the environment variables for the app's commands."""
        where = self.layout
        path = {"PYTHONPATH": str(self.start.import_folder)} if self.start.import_folder else {}
        return {
            "PATH": f"{where.venv / 'bin'}:{SEARCH_PATH}",
            "HOME": str(where.data),
            "PYTHONDONTWRITEBYTECODE": "1",
            **path,
            **({"LG_WD": NOTIFICATION_FOLDER} if "gpio" in self.access.hardware else {}),
            **self.settings.values(),
        }
