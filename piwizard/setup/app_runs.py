"""Prepare one command of an app that is set up: its environment and its sandbox."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps import path_mapping
from piwizard.apps.app_processes import runnable
from piwizard.apps.layout import SiteLayout
from piwizard.errors import PiwizardError
from piwizard.setup.planner import Planner
from piwizard.steps.registry import DATA_STEP, StepInstance, step_named
from piwizard.steps.step import app_of
from piwizard.system import commands, transient_unit
from piwizard.system.app_sandbox import Sandbox
from piwizard.system.devices import NOTIFICATION_FOLDER
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.pipes import OnLine
from piwizard.templates.quoting import unit_word

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

MAX_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class AppRun:
    """A command that is ready to run in the app's environment."""

    site: str
    argv: tuple[str, ...]
    properties: tuple[str, ...]
    env: dict[str, str]
    cwd: Path

    def attach(self, *, terminal: bool) -> int:
        """Run it with this process's input and output, and return its exit code."""
        code = transient_unit.attach(self.argv, self.properties, env=self.env, cwd=self.cwd, terminal=terminal)
        return _shell_code(code)

    def capture(self, on_line: OnLine) -> int:
        """Run it without input, pass on its output, and return its exit code."""
        result = transient_unit.run(self.argv, self.properties, env=self.env, cwd=self.cwd, on_line=on_line)
        return _shell_code(result.exit)


def only_site(planner: Planner, argv: Sequence[str]) -> str:
    """Return the only site. PiwizardError if there are several, or none."""
    sites = list(planner.answers.sites)
    if len(sites) == 1:
        return sites[0]
    if not sites:
        raise PiwizardError("There is no site yet.", hint="Run `piwizard` to set up your first site.")
    raise PiwizardError(
        f"There are several sites: {', '.join(sites)}.",
        key="site.name",
        hint=f"Name one: `piwizard run {sites[0]} -- {shlex.join(argv)}`.",
    )


def prepare_run(planner: Planner, site: str, argv: tuple[str, ...]) -> AppRun:
    """Return a command of a site's current release.

    PiwizardError if the site has none.
    """
    where = SiteLayout(site, "")
    answers = planner.answers_of(site)
    if not where.current.exists() or not where.environment_file.exists():
        raise PiwizardError(f"The app of {site} is not set up yet.", hint="Run `piwizard apply` first.")
    app = app_of(planner.context.of(StepInstance(step_named(DATA_STEP), site)), answers)
    words, variables = runnable(argv, app.start.entry)
    code = where.current / "app"
    binds = path_mapping.path_binds(app, code)
    sandbox = Sandbox(
        site,
        (where.data, *path_mapping.disk_paths(app), *(path for _, path in binds)),
        binds,
        seconds=MAX_SECONDS,
        network=app.access.network,
        hardware=app.access.hardware,
        dbus=app.access.dbus,
        alone=False,
    )
    # Environment= comes first, so that a variable of app.env replaces it.
    settings = [f"Environment={unit_word(f'{name}={value}')}" for name, value in variables.items()]
    settings.append(f"EnvironmentFile={where.environment_file}")
    properties = (*sandbox.properties(), *settings)
    return AppRun(site, words, properties, _environment(app, where), code / app.start.working_directory)


def _environment(app: AppConfig, where: SiteLayout) -> dict[str, str]:
    """Return the variables that the app's service has besides those of app.env."""
    venv = where.current / "venv"
    modules = {"PYTHONPATH": str(where.current / "app" / app.entry.pythonpath)} if app.start.import_folder else {}
    return {
        "PATH": f"{venv / 'bin'}:{commands.SEARCH_PATH}",
        "HOME": str(where.data),
        "VIRTUAL_ENV": str(venv),
        "LANG": "C.UTF-8",
        "TERM": os.environ.get("TERM", "dumb"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **modules,
        **({"LG_WD": NOTIFICATION_FOLDER} if "gpio" in app.access.hardware else {}),
    }


def _shell_code(code: int) -> int:
    """Return an exit code as shells do: 128 and the signal if one killed the command."""
    return 128 - code if code < 0 else code
