"""Collect what a diagnosis needs to know about a site's app."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from piwizard.apps import network_access, path_mapping
from piwizard.apps.app_config import AppConfig
from piwizard.apps.database import InitCommand
from piwizard.apps.env_vars import EnvVariable
from piwizard.apps.home_network import HomeNetworkUse
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.missing_modules import unlisted_packages
from piwizard.apps.process_units import further_services
from piwizard.apps.write_paths import WritePath
from piwizard.diagnosis.findings import Finding
from piwizard.diagnosis.tracebacks import Failure, Frame
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import run_request
from piwizard.setup.planner import Planner
from piwizard.system.apt_archive import AptArchive
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.remedies import AddAnswer, AddTableEntries, ApplySteps, Fix

Kind = tuple[str, str]
"""The id and the name of a finding."""
BUILD = re.compile(r"(?:current|releases/[^/]+)/app(?:/(.*))?$")


@dataclass(frozen=True)
class AppContext:
    """A site's app. `tree` is its code, `start` the folder below it to start it in.

    `newest`: this is the app's newest version, which failed, and not the one in use. `before_last_run`: the failures
    are from before the last run, which has applied the answers. `listed`: the distributions that
    `requirements` lists, `unlisted`: well-known ones that the code imports and the list lacks. `further`: the services
    of its further processes and scheduled commands. `shown_paths`: what it sees at which paths outside of its code
    (app.paths).
    """

    site: str
    folder: Path
    tree: Path
    start: str = ""
    pythonpath: str = ""
    entry: str = ""
    requirements: str | None = None
    listed: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    local_modules: tuple[LocalModule, ...] = ()
    writable: tuple[str, ...] = ()
    env: frozenset[str] = frozenset()
    init: tuple[str, ...] = ()
    may_write: tuple[WritePath, ...] = ()
    variables: tuple[EnvVariable, ...] = ()
    commands: tuple[InitCommand, ...] = ()
    newest: bool = False
    before_last_run: bool = False
    network: str = network_access.INTERNET
    home_network: tuple[HomeNetworkUse, ...] = ()
    refused: tuple[network_access.RefusedConnection, ...] = ()
    unreachable_resolvers: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    archive: AptArchive = field(default_factory=AptArchive)
    shown_paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Return the folder that the app writes to."""
        return self.folder / "data"

    @property
    def own_environment(self) -> dict[str, str]:
        """Return the variables that its commands need besides its settings."""
        modules = {"PYTHONPATH": f"{self.folder}/current/app/{self.pythonpath}"} if self.pythonpath else {}
        return {"HOME": str(self.data), **modules}

    def inside(self, path: str) -> str | None:
        """Return a path of the app relative to its code; None if it is outside."""
        full = posixpath.normpath(posixpath.join(self.folder, "current/app", self.start, path))
        match = BUILD.match(full.removeprefix(f"{self.folder}/")) if full.startswith(f"{self.folder}/") else None
        return None if match is None else match[1] or ""

    def persistent_path(self, path: str) -> str | None:
        """Return the entry of app.writable that contains a path of the code, or None."""
        return next((one for one in self.writable if path == one or path.startswith(f"{one}/")), None)

    def own_frame(self, failure: Failure) -> Frame | None:
        """Return the last frame of the app's own code in a failure.

        Its file is relative to the code.
        """
        for frame in reversed([*(frame for one in failure.first for frame in one.frames), *failure.frames]):
            inside = self.inside(frame.file) if frame.file.startswith("/") else None
            if inside is not None and not inside.startswith((".venv/", "venv/")):
                return Frame(inside, frame.line, frame.function, frame.source)
        return None

    def evidence(self, failure: Failure) -> str:
        """Return the line of the app that failed, and Python's message."""
        frame, page = self.own_frame(failure), f" (requested: {failure.page})" if failure.page else ""
        if frame is None:
            return f"{failure.message}{page}"
        function = f" in {frame.function}" if frame.function and frame.function != "<module>" else ""
        return f"{frame.file}:{frame.line}{function}: {failure.message}{page}"

    def finding(self, kind: Kind, failure: Failure, cause: str, fix: Fix) -> Finding:
        """Return a finding about the app, with one of its failures as evidence."""
        return Finding(*kind, False, self.evidence(failure), cause, fix, step="app", site=self.site)

    def answered(self, kind: Kind, failure: Failure, cause: str, fix: Fix) -> Finding:
        """Return a finding that the answers already fix.

        It has passed if a run has applied them since.
        """
        if self.before_last_run:
            return Finding(*kind, True, f"fixed since: {self.evidence(failure)}", step="app", site=self.site)
        return self.finding(kind, failure, cause, fix)

    def add(self, key: str, *values: str) -> AddAnswer:
        """Return the remedy that adds values to a list of the answers.

        The values found in the code are included, because an answer replaces all of them.
        """
        found = {
            "app.writable": self.writable,
            "app.init": self.init,
            "app.hardware": self.hardware,
            "app.packages": self.packages,
        }
        return AddAnswer(key, (*found[key], *values), shown=values)

    def show_path(self, path: str, target: str) -> AddTableEntries:
        """Return the remedy that shows the app its data or code at another path.

        The paths found in the code are included, because an answer replaces all of them.
        """
        return AddTableEntries("app.paths", (*self.shown_paths.items(), (path, target)), (path, target))

    def apply(self, purpose: str = "") -> ApplySteps:
        """Return the run that applies the answers."""
        if self.newest:
            return ApplySteps(("app", "gunicorn", "site"), purpose, newest=True)
        return ApplySteps(("app", "gunicorn"), purpose)

    @property
    def apply_command(self) -> str:
        """Return the command that applies the answers, for a fix by the user."""
        return "piwizard deploy" if self.newest else "piwizard apply"


def app_context(app: AppConfig, *, newest: bool = False) -> AppContext:
    """Return the context of an app. Run nothing of it."""
    answers, tree = app.answers, app.source.tree
    return AppContext(
        site=app.layout.site,
        folder=app.layout.folder,
        tree=tree,
        start=app.start.working_directory,
        pythonpath=app.entry.pythonpath,
        entry=app.entry.entry,
        requirements=app.requirements.file if app.requirements else None,
        listed=app.requirements.names if app.requirements else app.dependencies.imported,
        unlisted=unlisted_packages(app),
        local_modules=app.local_modules,
        writable=app.writable,
        env=frozenset((*answers.get("app.env", {}), *app.settings.generated)),
        init=app.init,
        may_write=app.found_writable,
        variables=app.variables,
        commands=app.found_init,
        newest=newest,
        network=app.access.network,
        home_network=app.access.home_network,
        refused=network_access.read_filter(app.layout.site).refused,
        unreachable_resolvers=network_access.unreachable_resolvers(app.layout.site),
        further=further_services(app.layout.site, app.processes, app.scheduled),
        hardware=app.access.hardware,
        packages=app.packages,
        archive=app.archive,
        shown_paths=path_mapping.shown(app),
    )


def find_app_context(planner: Planner, site: str, run: str | None = None) -> AppContext | None:
    """Return the app of a site, in use or of a run; None without code."""
    try:
        if run:
            planner = Planner(planner.answers, planner.store, run_request.pins_of(run_launch.request(run)))
        instance = next(instance for instance in planner.select(["app"], site))
        source = planner.context.of(instance).source
        if source is None:
            return None
        app = AppConfig(source, planner.answers.of(site), archive=planner.context.archive)
        return app_context(app, newest=source.release is None and app.layout.current.exists())
    except (PiwizardError, OSError, ValueError):  # no code, no run log or no app: other checks report it
        return None


def merge_duplicates(findings: Iterator[Finding]) -> list[Finding]:
    """Return each problem once, with its last occurrence and their number."""
    found: dict[tuple[str, str, Fix], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.id, finding.cause, finding.fix), []).append(finding)
    return [_counted(same) for same in found.values()]


def _counted(same: list[Finding]) -> Finding:
    last = same[-1]
    return last if len(same) == 1 else replace(last, detail=f"{last.detail}, {len(same)} times")
