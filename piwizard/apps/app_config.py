"""Combine the answers about an app with what was found in its code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.apps import analysis_cache, network_access
from piwizard.apps.analysis import Analysis, AnalysisOptions, PythonPackages
from piwizard.apps.app_processes import AppProcess, ScheduledCommand, named_processes, scheduled_commands
from piwizard.apps.app_release import choose_release
from piwizard.apps.app_settings import AppSettings, given_value
from piwizard.apps.app_source import AppSource
from piwizard.apps.author_paths import AuthorPath
from piwizard.apps.database import InitCommand, database_server_in_answers
from piwizard.apps.debian_modules import DEBIAN_MODULES, DebianReplacements, find_replacements
from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.entry_choice import choose_entry, named_entry
from piwizard.apps.env_vars import EnvVariable
from piwizard.apps.environment_packages import pip_install
from piwizard.apps.hardware import HardwareUse
from piwizard.apps.home_network import HomeNetworkUse, home_network_in_answers
from piwizard.apps.large_files import LargeFile
from piwizard.apps.layout import SiteLayout
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.process_model import ProcessModel
from piwizard.apps.processes import FoundProcess
from piwizard.apps.rebuild_date import read_rebuild_date
from piwizard.apps.requirements import Requirements
from piwizard.apps.setup_commands import SetupCommands, choose_setup_commands
from piwizard.apps.start_folder import StartFolder
from piwizard.apps.system_modules import SYSTEM_MODULE, SYSTEM_PYTHONS, SystemModules, choose_system_modules
from piwizard.apps.system_packages import debian_packages_for
from piwizard.apps.upload_limit import UploadLimit
from piwizard.apps.version_specs import normalized_name
from piwizard.apps.write_paths import WritePath
from piwizard.changes.pip_install import PipInstall
from piwizard.changes.virtualenv import recipe
from piwizard.errors import PiwizardError
from piwizard.nginx.request_limits import UPLOAD_MIB
from piwizard.system.apt_archive import AptArchive
from piwizard.system.commands import SEARCH_PATH
from piwizard.system.devices import DEVICE_CLASSES, NOTIFICATION_FOLDER
from piwizard.system.python_version import VenvMismatch, find_venv_mismatch
from piwizard.system.shared_libraries import NEEDED_BY, packages_with

LGPIO_FOLDER = Path(__file__).with_name("lgpio_folder.py")


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
        left_out = (*self.modules.left_out, *(one.line.name for one in self.replacements.fitting))
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

    @property
    def own_list(self) -> Requirements | None:
        """Return the app's own list of packages, those that Debian provides included."""
        return self._found.needs.requirements if self._found.needs else None

    @cached_property
    def modules(self) -> SystemModules:
        """Return where the app's libraries for hardware come from."""
        return choose_system_modules(
            self._found.hardware or (), self.own_list, self.archive, system_python=self.python in SYSTEM_PYTHONS
        )

    @cached_property
    def replacements(self) -> DebianReplacements:
        """Return the requirements without a wheel that Debian packages can replace."""
        if self.python not in SYSTEM_PYTHONS or self.own_list is None:
            return DebianReplacements()
        return find_replacements(self.own_list.compiled, self.system_python, self.archive)

    @cached_property
    def debian_modules(self) -> tuple[str, ...]:
        """Return the Debian packages that replace requirements.

        They fit, or the answers skip the requirement.
        """
        found = [one.package for one in self.replacements.fitting]
        if self.python in SYSTEM_PYTHONS and self.own_list:
            named = (DEBIAN_MODULES.get(normalized_name(one)) for one in self.own_list.skipped)
            found += [one.package for one in named if one and self.archive.version(one.package)]
        return tuple(dict.fromkeys(found))

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the further Debian packages that the answers name."""
        return tuple(self.answers.get("app.packages", ()))

    @cached_property
    def layout(self) -> SiteLayout:
        """Return the folders of the app's release."""
        return choose_release(self)

    @cached_property
    def recipe(self) -> bytes:
        """Return everything that determines the content of the virtual environment."""
        return recipe(self.pip, self.python, self.source.tree, self.startup)

    @property
    def startup(self) -> Path | None:
        """Return the module that Python loads whenever it starts in the environment."""
        return LGPIO_FOLDER if "gpio" in self.hardware else None

    @property
    def python(self) -> str:
        """Return the interpreter that creates the virtual environment."""
        return str(self.answers.get("app.python", "python3"))

    @cached_property
    def pip(self) -> PipInstall:
        """Return what pip installs: the app's requirements, Flask and gunicorn."""
        imported = () if self.requirements else self.imported
        own = pip_install(self.requirements, imported, self.process.worker_class)
        modules = (*self.debian_modules, *(name for name in self.packages if name.startswith(SYSTEM_MODULE)))
        system = bool(self.modules.provided or modules)
        # Debian's gunicorn would count as installed, but its program belongs to the system's Python.
        again = ("gunicorn",) if system and f"{SYSTEM_MODULE}gunicorn" in self.archive.installed else ()
        rebuilt = read_rebuild_date(str(self.answers.site))
        return replace(own, added=(*own.added, *self.modules.added), system=system, again=again, rebuilt=rebuilt)

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

    @cached_property
    def requirements(self) -> Requirements | None:
        """Return the requirements to install; None if the code lists none."""
        wanted = self.answers.get("app.requirements")
        if wanted is None:
            _ = self.entry  # raises if it is not clear which app is meant: its requirements are not clear either
            return self._needs.requirements
        self._there("app.requirements", wanted, folder=False)
        found = self.analysis.needs.requirements if self.analysis.needs else None
        return found or Requirements("requirements", wanted, ("-r", wanted))

    @property
    def _needs(self) -> PythonPackages:
        return self.analysis.known("needs", self.analysis.needs)

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Return the Debian packages that the app's Python packages need."""
        names = self.requirements.names if self.requirements else self.imported
        loaded = (library for name in names for library in NEEDED_BY.get(name, ()))
        chosen = (self.archive.choose(packages_with(library)) for library in loaded)
        found = (
            *debian_packages_for(names),
            *(name for name in chosen if name),
            *self.modules.packages,
            *self.debian_modules,
        )
        return tuple(dict.fromkeys((*found, *self.packages)))

    @cached_property
    def imported(self) -> tuple[str, ...]:
        """Return the packages to install if the code lists none."""
        others = ("flask", *self.modules.left_out)
        return tuple(name for name in self._needs.imported if name not in others)

    @cached_property
    def static(self) -> dict[str, str]:
        """Return URL prefixes ("/static/") and the folder of the code that serves each."""
        wanted = self.answers.get("app.static")
        if wanted is None:
            _ = self.entry
            found = self.analysis.known("static", self.analysis.static)
            return {one.prefix: one.folder for one in found.folders}
        for folder in wanted.values():
            self._there("app.static", folder, folder=True)
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
    def home_network(self) -> tuple[HomeNetworkUse, ...]:
        """Return the places in the code and in app.env that need the home network."""
        given = {name: given_value(self.answers, name) for name in self.answers.get("app.env", {})}
        return (*(self.analysis.network or ()), *home_network_in_answers(given))

    @cached_property
    def process(self) -> ProcessModel:
        """Return how the app must be served; as usual if its code cannot be read."""
        packages = self.requirements.names if self.requirements else self.imported
        return ProcessModel(self.analysis.process or (), frozenset(packages))

    @property
    def found_processes(self) -> tuple[FoundProcess, ...]:
        """Return the processes that the repository shows, whatever was answered."""
        return self.analysis.processes or ()

    @cached_property
    def processes(self) -> tuple[AppProcess, ...]:
        """Return the further processes of the app."""
        return named_processes(self.answers.get("app.processes"), self.found_processes)

    @cached_property
    def scheduled(self) -> tuple[ScheduledCommand, ...]:
        """Return the commands that run at certain times."""
        return scheduled_commands(self.answers.get("app.schedule", {}), [one.name for one in self.processes])

    @property
    def network(self) -> str:
        """Return what the app may reach.

        That is the answer, else what was agreed when the site was set up, else what the code needs. So no new version
        of an app opens the home network by itself.
        """
        found = network_access.HOME if self.home_network else network_access.INTERNET
        wanted: str = self.answers.get("app.network") or network_access.agreed_network(self.layout.site) or found
        return wanted

    @property
    def network_reason(self) -> str:
        """Return why the app gets home network access without an answer; "" otherwise."""
        unasked = self.network == network_access.HOME and "app.network" not in self.answers.values
        return ", and ".join(use.text for use in self.home_network[:2]) if unasked else ""

    @property
    def dbus(self) -> bool:
        """Return whether the app needs the system bus and may use it."""
        home = self.network == network_access.HOME and any(use.dbus for use in self.home_network)
        return home or bool(self.may)

    @property
    def may(self) -> tuple[str, ...]:
        """Return what the app may do with the whole machine: "reboot", "poweroff"."""
        return tuple(self.answers.get("app.may", ()))

    @property
    def hardware_uses(self) -> tuple[HardwareUse, ...]:
        """Return the places in the code that use hardware, whatever was answered."""
        return self.analysis.hardware or ()

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """Return the device classes that the app may use."""
        found = {kind for use in self.hardware_uses for kind in use.kinds}
        wanted = self.answers.get("app.hardware", found)
        return tuple(kind for kind in DEVICE_CLASSES if kind in wanted)

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

    @property
    def working_directory(self) -> str:
        """Return the folder to start the app in, relative to the code."""
        answered = self.answers.get("app.folder")
        if answered is not None and answered != ".":
            self._there("app.folder", answered, folder=True)
        return self.found_folder if answered is None else answered.removeprefix(".")

    @property
    def found_folder(self) -> str:
        """Return the folder to start the app in, whatever was answered."""
        return self.start_folder.folder if self.start_folder else self.entry.chdir

    @property
    def start_folder(self) -> StartFolder | None:
        """Return what shows in which folder the app's author starts it."""
        return next(iter(self.analysis.folder or ()), None)

    @property
    def started_entry(self) -> str:
        """Return the entry as gunicorn takes it in the working directory."""
        return self.entry.started_in(self.working_directory)

    @property
    def import_folder(self) -> Path | None:
        """Return the folder that must be importable, unless the app starts there."""
        if self.entry.pythonpath == self.working_directory == "":
            return None
        return self.layout.code / self.entry.pythonpath

    def environment(self) -> dict[str, str]:
        """Return the environment variables for the app's commands."""
        where = self.layout
        path = {"PYTHONPATH": str(self.import_folder)} if self.import_folder else {}
        return {
            "PATH": f"{where.venv / 'bin'}:{SEARCH_PATH}",
            "HOME": str(where.data),
            "PYTHONDONTWRITEBYTECODE": "1",
            **path,
            **({"LG_WD": NOTIFICATION_FOLDER} if "gpio" in self.hardware else {}),
            **self.settings.values(),
        }

    def _there(self, key: str, path: str, *, folder: bool) -> None:
        full: Path = self.source.tree / path
        if not (full.is_dir() if folder else full.is_file()):
            what = "folder" if folder else "file"
            raise PiwizardError(f"{key}: the repository has no {what} {path}.", key=key)
