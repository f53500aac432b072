"""Choose which of an app's libraries come from Debian instead of pip."""

from __future__ import annotations

from functools import cached_property

from piwizard.apps.analysis import Analysis
from piwizard.apps.debian_modules import DEBIAN_MODULES, DebianReplacements, find_replacements
from piwizard.apps.requirements import Requirements
from piwizard.apps.system_modules import SYSTEM_PYTHONS, SystemModules, choose_system_modules
from piwizard.apps.version_specs import normalized_name
from piwizard.system.apt_archive import AptArchive
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class DebianChoice:
    """The Debian packages of one app's libraries."""

    found: Analysis
    """What was found in the code, with the whole list of packages."""
    python: str
    """The interpreter that creates the virtual environment."""
    system_python: str | None
    archive: AptArchive

    @property
    def own_list(self) -> Requirements | None:
        """Return the app's own list of packages, those that Debian provides included."""
        return self.found.needs.requirements if self.found.needs else None

    @cached_property
    def modules(self) -> SystemModules:
        """Return where the app's libraries for hardware come from."""
        return choose_system_modules(
            self.found.hardware or (), self.own_list, self.archive, system_python=self._of_system
        )

    @cached_property
    def replacements(self) -> DebianReplacements:
        """Return the requirements without a wheel that Debian packages can replace."""
        if not self._of_system or self.own_list is None:
            return DebianReplacements()
        return find_replacements(self.own_list.compiled, self.system_python, self.archive)

    @cached_property
    def replacing(self) -> tuple[str, ...]:
        """Return the Debian packages that replace requirements.

        They fit, or the answers skip the requirement.
        """
        found = [one.package for one in self.replacements.fitting]
        if self._of_system and self.own_list:
            named = (DEBIAN_MODULES.get(normalized_name(one)) for one in self.own_list.skipped)
            found += [one.package for one in named if one and self.archive.version(one.package)]
        return tuple(dict.fromkeys(found))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the requirements that pip does not install, since Debian has them."""
        return (*self.modules.left_out, *(one.line.name for one in self.replacements.fitting))

    @property
    def _of_system(self) -> bool:
        return self.python in SYSTEM_PYTHONS
