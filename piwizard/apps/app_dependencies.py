"""Decide what pip and apt install for an app."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps.environment_packages import pip_install
from piwizard.apps.rebuild_date import read_rebuild_date
from piwizard.apps.system_modules import SYSTEM_MODULE
from piwizard.apps.system_packages import debian_packages_for
from piwizard.changes.pip_install import PipInstall
from piwizard.changes.virtualenv import recipe
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.shared_libraries import NEEDED_BY, packages_with

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

LGPIO_FOLDER = Path(__file__).with_name("lgpio_folder.py")


@dataclass(frozen=True)
class AppDependencies:
    """The virtual environment of one app, and the Debian packages that it needs."""

    app: AppConfig

    @cached_property
    def recipe(self) -> bytes:
        """Return everything that determines the content of the virtual environment."""
        return recipe(self.pip, self.app.python, self.app.source.tree, self.startup)

    @property
    def startup(self) -> Path | None:
        """Return the module that Python loads whenever it starts in the environment."""
        return LGPIO_FOLDER if "gpio" in self.app.access.hardware else None

    @cached_property
    def pip(self) -> PipInstall:
        """Return what pip installs: the app's requirements, Flask and gunicorn."""
        imported = () if self.app.requirements else self.imported
        own = pip_install(self.app.requirements, imported, self.app.process.worker_class)
        modules = (*self.app.debian.replacing, *(name for name in self.app.packages if name.startswith(SYSTEM_MODULE)))
        system = bool(self.app.debian.modules.provided or modules)
        # Debian's gunicorn would count as installed, but its program belongs to the system's Python.
        again = ("gunicorn",) if system and f"{SYSTEM_MODULE}gunicorn" in self.app.archive.installed else ()
        added = (*own.added, *self.app.debian.modules.added)
        rebuilt = read_rebuild_date(str(self.app.answers.site))
        return replace(own, added=added, system=system, again=again, rebuilt=rebuilt)

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Return the Debian packages that the app's Python packages need."""
        names = self.app.requirements.names if self.app.requirements else self.imported
        loaded = (library for name in names for library in NEEDED_BY.get(name, ()))
        chosen = (self.app.archive.choose(packages_with(library)) for library in loaded)
        found = (
            *debian_packages_for(names),
            *(name for name in chosen if name),
            *self.app.debian.modules.packages,
            *self.app.debian.replacing,
        )
        return tuple(dict.fromkeys((*found, *self.app.packages)))

    @cached_property
    def imported(self) -> tuple[str, ...]:
        """Return the packages to install if the code lists none."""
        others = ("flask", *self.app.debian.modules.left_out)
        return tuple(name for name in self.app.needs.imported if name not in others)
