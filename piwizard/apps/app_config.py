"""What is used of an app: what the person answered, and where they did not, what was found in the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from piwizard.answers.model import Answers
from piwizard.apps import analysis_cache, network_access
from piwizard.apps.analysis import Analysis, AnalysisOptions, PythonPackages
from piwizard.apps.app_source import AppSource
from piwizard.apps.database import InitCommand, database_server_in_answers
from piwizard.apps.entry import EntryCandidate, choose_entry
from piwizard.apps.env_vars import EnvVariable
from piwizard.apps.home_network import HomeNetworkUse, home_network_in_answers
from piwizard.apps.layout import SiteLayout
from piwizard.apps.requirements import Requirements
from piwizard.apps.setup_commands import SetupCommands, choose_setup_commands
from piwizard.apps.system_packages import debian_packages_for
from piwizard.apps.write_paths import WritePath
from piwizard.changes.virtualenv import MARKER, recipe
from piwizard.errors import PiwizardError
from piwizard.system import files
from piwizard.system.commands import SEARCH_PATH
from piwizard.system.files import digest
from piwizard.system.python_version import VenvMismatch, find_venv_mismatch

DEFAULT_GUNICORN, DEFAULT_FLASK = "gunicorn>=23,<28", "flask>=1,<4"
"""What pip installs for an app that does not name them: releases that are known to work. What an app names wins."""
PYTHON_SUFFIX, VENV_SUFFIX = "-py", "-venv"
"""What follows in the name of a release whose environment was built again for the same commit."""
BUILD_KEYS = ("app.entry", "app.requirements", "app.python", "app.static", "app.writable")


@dataclass(frozen=True)
class AppConfig:
    """One app as it will be run. PiwizardError where code and answers do not fit together."""

    source: AppSource
    answers: Answers
    system_python: str | None = None
    """The version of the system's python3, "3.13.5"; None where it is not known."""

    @cached_property
    def analysis(self) -> Analysis:
        wish = AnalysisOptions(self.answers.get("app.entry"), self.answers.get("app.requirements"))
        site = SiteLayout(str(self.answers.site), self.source.commit)
        return analysis_cache.cached_analysis(site.site, self.source.tree, self.source.commit, site.data, wish)

    @cached_property
    def layout(self) -> SiteLayout:
        """Where it lies. Answers that decide how a release is built make another release of the same commit.

        So does another Python, or another way to build its environment: what runs is left alone until the new one is
        proven.
        """
        building = {key: self.answers.get(key) for key in BUILD_KEYS if self.answers.get(key) is not None}
        variant = f"-{digest(repr(sorted(building.items())).encode())[:4]}" if building else ""
        plain = SiteLayout(str(self.answers.site), self.source.commit, variant)
        in_use = plain.current.resolve().name
        own = re.fullmatch(
            re.escape(plain.release.name) + f"((?:{PYTHON_SUFFIX}[0-9.]+|{VENV_SUFFIX}[0-9a-f]+)?)", in_use
        )
        if own is None:
            return plain
        if self.left_behind:
            return SiteLayout(plain.site, plain.commit, f"{variant}{PYTHON_SUFFIX}{self.left_behind.here}")
        release = SiteLayout(plain.site, plain.commit, f"{variant}{own[1]}")
        built = files.read(release.release / MARKER)
        if built is None or built == self.recipe:
            return release
        return SiteLayout(plain.site, plain.commit, f"{variant}{VENV_SUFFIX}{digest(self.recipe)[:8]}")

    @cached_property
    def recipe(self) -> bytes:
        """All that decides what its environment holds."""
        return recipe(self.python, self.source.tree, self.install, self.inputs, *self.listed)

    @property
    def python(self) -> str:
        """The interpreter that its environment is made with."""
        return str(self.answers.get("app.python", "python3"))

    @property
    def install(self) -> tuple[str, ...]:
        """What pip installs: the app's own requirements, and what every app needs that they do not name."""
        wanted = self.requirements
        held = wanted.held if wanted else ()
        server = (
            () if wanted and "gunicorn" in wanted.names else ("gunicorn" if "gunicorn" in held else DEFAULT_GUNICORN,)
        )
        flask = () if wanted and wanted.flask else ("flask" if "flask" in held else DEFAULT_FLASK,)
        return (*server, *flask, *(wanted.arguments if wanted else self.imported))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files of the code that decide what is installed."""
        return (self.requirements.file,) if self.requirements else ()

    @property
    def listed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Requirements and constraints that pip cannot read from the app's own files."""
        return (self.requirements.lines, self.requirements.constraints) if self.requirements else ((), ())

    @cached_property
    def left_behind(self) -> VenvMismatch | None:
        """Says so where the release in use was built for a Python that this machine no longer has."""
        return find_venv_mismatch(SiteLayout(str(self.answers.site), "").current / "venv")

    @cached_property
    def entry(self) -> EntryCandidate:
        """The WSGI callable, and the folder to start in."""
        found = self.analysis.entries
        wanted = self.answers.get("app.entry")
        if wanted is None:
            return choose_entry(list(self.analysis.known("entries", found)))
        known = next((candidate for candidate in found or () if candidate.entry == wanted), None)
        return known or EntryCandidate(wanted, "", 0, "named in the answers", 0)

    @cached_property
    def requirements(self) -> Requirements | None:
        """What is to be installed; None where the code says nothing."""
        wanted = self.answers.get("app.requirements")
        if wanted is None:
            _ = self.entry  # where nobody can tell which app is meant, nobody can tell what it needs
            return self._needs.requirements
        self._there("app.requirements", wanted, folder=False)
        found = self.analysis.needs.requirements if self.analysis.needs else None
        return found or Requirements("requirements.txt", wanted, ("-r", wanted))

    @property
    def _needs(self) -> PythonPackages:
        return self.analysis.known("needs", self.analysis.needs)

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """The packages of the system that the app's own need."""
        return debian_packages_for(self.requirements.names if self.requirements else self.imported)

    @cached_property
    def imported(self) -> tuple[str, ...]:
        """The packages to install where the code has no list of them."""
        return tuple(name for name in self._needs.imported if name != "flask")

    @cached_property
    def static(self) -> dict[str, str]:
        """URL prefixes ("/static/") with the folder in the code that answers each."""
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
        """Exact URLs ("/robots.txt") with the file in the code. Where the code cannot be read, the app has them."""
        _ = self.entry
        found = self.analysis.static
        return {one.url: one.path for one in found.root_files} if found else {}

    @cached_property
    def writable(self) -> tuple[str, ...]:
        """What the app may write, without what lies in another of these."""
        wanted: list[str] | None = self.answers.get("app.writable")
        if wanted is None:
            _ = self.entry
            wanted = [one.path for one in self.found_writable]
        return tuple(path for path in wanted if not any(path.startswith(f"{other}/") for other in wanted))

    @property
    def found_writable(self) -> tuple[WritePath, ...]:
        """What the code says that it writes, whatever was answered."""
        return self.analysis.known("writable", self.analysis.writable)

    @cached_property
    def setup(self) -> SetupCommands:
        """Which setup commands run, and which are only offered."""
        wanted = self.answers.get("app.init")
        return choose_setup_commands(
            wanted, self.found_init if wanted is None else self.analysis.init or (), self.layout.folder
        )

    @property
    def init(self) -> tuple[str, ...]:
        """The setup commands that run, as the answers hold them."""
        return tuple(one.text for one in self.setup.run)

    @cached_property
    def database_server(self) -> str:
        """The database server that holds data of the app, in words; empty where there is none."""
        answered = database_server_in_answers(self.answers.get("app.env", {}), self.answers.secrets)
        return answered or self.analysis.server or ""

    @cached_property
    def home_network(self) -> tuple[HomeNetworkUse, ...]:
        """What in the code, or in the answers to app.env, asks for the home network."""
        given = {name: self.given(name) for name in self.answers.get("app.env", {})}
        return (*(self.analysis.network or ()), *home_network_in_answers(given))

    def given(self, name: str) -> str | None:
        value = self.answers.get("app.env", {}).get(name)
        return value if isinstance(value, str) else self.answers.secrets.get(f"app.env.{name}")

    @property
    def network(self) -> str:
        """What the app may reach: as answered, else as agreed when the site was set up, else as the code asks.

        So no new version of an app opens the home network by itself.
        """
        found = network_access.HOME if self.home_network else network_access.INTERNET
        wanted: str = self.answers.get("app.network") or network_access.agreed(self.layout.site) or found
        return wanted

    @property
    def network_reason(self) -> str:
        """Why the home network is open to the app though nobody answered so; empty where that is not the case."""
        unasked = self.network == network_access.HOME and "app.network" not in self.answers.values
        return ", and ".join(use.text for use in self.home_network[:2]) if unasked else ""

    @property
    def dbus(self) -> bool:
        """Whether the app needs the system bus, and may have it."""
        return self.network == network_access.HOME and any(use.dbus for use in self.home_network)

    @property
    def found_init(self) -> tuple[InitCommand, ...]:
        """The commands in the code that prepare a new site, whatever was answered."""
        return self.analysis.known("init", self.analysis.init)

    @cached_property
    def generated(self) -> tuple[str, ...]:
        """Variables that the code reads and for which any secret will do, where no answer sets them."""
        given = self.answers.get("app.env", {})
        return tuple(one.name for one in self.variables if one.generate and one.name not in given)

    @property
    def unset(self) -> tuple[str, ...]:
        """Variables that the code reads without a default, and that nobody gives."""
        settings = (*self.answers.get("app.env", {}), *self.generated)
        return tuple(one.name for one in self.variables if one.default is None and one.name not in settings)

    @cached_property
    def variables(self) -> tuple[EnvVariable, ...]:
        """The variables that the code reads; none where it cannot be read and the answers have them instead."""
        if self.analysis.environment is None and self.answers.get("app.env"):
            return ()
        return self.analysis.known("environment", self.analysis.environment)

    @property
    def gunicorn(self) -> tuple[int, ...] | None:
        """The version of gunicorn in the release's environment, None while that is not built."""
        found = sorted(self.layout.venv.glob("lib/python3*/site-packages/gunicorn-*.dist-info"))
        numbers = re.findall(r"\d+", found[-1].name.removesuffix(".dist-info")) if found else []
        return tuple(int(number) for number in numbers) or None

    @property
    def working_directory(self) -> str:
        """Where the app is started, below the code; "" for the code itself."""
        return self.entry.chdir

    def settings(self) -> dict[str, str]:
        """The app's own environment variables, secrets among them."""
        given = self.answers.get("app.env", {})
        settings = {
            name: value if isinstance(value, str) else self.answers.secrets[f"app.env.{name}"]
            for name, value in given.items()
        }
        found = {name: self.answers.secrets.get(f"app.env.{name}") for name in self.generated}
        return self._names() | settings | {name: secret for name, secret in found.items() if secret}

    def _names(self) -> dict[str, str]:
        """The site's own name, for code that does not start without it."""
        domains = self.answers.get("site.domains")
        wanted = any(one.name == "SERVER_NAME" and one.needed for one in self.variables)
        return {"SERVER_NAME": domains[0]} if wanted and domains else {}

    def environment(self) -> dict[str, str]:
        """The environment in which commands of the app run: its settings, and its virtual environment first."""
        where = self.layout
        path = {"PYTHONPATH": str(where.code / self.entry.pythonpath)} if self.entry.pythonpath else {}
        return {
            "PATH": f"{where.venv / 'bin'}:{SEARCH_PATH}",
            "HOME": str(where.data),
            "PYTHONDONTWRITEBYTECODE": "1",
            **path,
            **self.settings(),
        }

    def _there(self, key: str, path: str, *, folder: bool) -> None:
        full: Path = self.source.tree / path
        if not (full.is_dir() if folder else full.is_file()):
            what = "folder" if folder else "file"
            raise PiwizardError(f"{key}: the repository has no {what} {path}.", key=key)
