"""Choose between pip and Debian for an app's libraries for hardware.

Some of them belong to the system (picamera2, libcamera), and others have no wheels for every Pi (lgpio). If Debian or
Raspberry Pi OS has them, they come from there, and the app's environment sees the system's packages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from piwizard.apps.hardware import HardwareUse
from piwizard.apps.hardware_catalogue import BY_NAME, CIRCUITPYTHON, HardwareLibrary
from piwizard.apps.requirements import Requirements
from piwizard.apps.version_specs import distribution_of
from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.error_hints import COMPILER
from piwizard.errors import PiwizardError
from piwizard.system.apt_archive import AptArchive
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

SYSTEM_PYTHONS = ("python3", "/usr/bin/python3")
"""The interpreters that see Debian's modules."""
SYSTEM_MODULE = "python3-"
"""The beginning of the names of Debian's packages with Python modules."""


@dataclass(frozen=True)
class SystemModules:
    """The sources of an app's libraries for hardware.

    `packages` are the Debian packages to install, those with programs and build tools among them. `provided` are the
    libraries that one of them replaces, with its name: pip skips them. `added` are what pip installs besides the app's
    list, and `missing` the libraries that nothing provides.
    """

    packages: tuple[str, ...] = ()
    provided: tuple[tuple[HardwareLibrary, str], ...] = ()
    added: tuple[str, ...] = ()
    missing: tuple[HardwareLibrary, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the distributions that pip does not install."""
        return tuple(name for library, _ in self.provided for name in library.distributions)


def choose_system_modules(
    uses: Sequence[HardwareUse], wanted: Requirements | None, archive: AptArchive, *, system_python: bool
) -> SystemModules:
    """Return where the libraries that the code uses come from.

    `wanted` is the app's list. A version that it pins wins, except for libraries that belong to the system. Only the
    system's Python sees Debian's modules.
    """
    direct = [_library(use.library) for use in uses if use.library]
    names = set(wanted.names) if wanted else set()
    pinned = {distribution_of(pin) for pin in _pins(wanted)}
    packages = [use.package for use in uses if use.package and not archive.missing((use.package,))]
    provided: list[tuple[HardwareLibrary, str]] = []
    added: list[str] = []
    missing: list[HardwareLibrary] = []
    waiting, seen = list(dict.fromkeys(direct)), set[str]()
    while waiting:
        library = waiting.pop(0)
        if library.name in seen:
            continue
        seen.add(library.name)
        packages += library.also
        listed = names & set(library.distributions)
        debian = library.debian if system_python and (library.bound or not listed & pinned) else ()
        package = archive.choose(debian)
        if package:
            packages.append(package)
            provided.append((library, package))
            continue  # the package depends on what the library needs
        waiting += [BY_NAME[name] for name in library.needs]
        if library.compiled:
            packages += [*COMPILER, *library.build]
        if listed or (library.pip and library in direct and wanted is None):
            continue  # pip installs it from the list, or by the import
        if library.pip:
            added.append(library.pip)
        elif library.debian:
            missing.append(library)
    return SystemModules(tuple(dict.fromkeys(packages)), tuple(provided), tuple(added), tuple(missing))


def require_packages(app: AppConfig) -> None:
    """Raise PiwizardError if the answers name a package that apt does not know."""
    if missing := app.archive.missing(app.packages):
        raise PiwizardError(
            f"app.packages: no archive that this machine uses has the package {missing[0]}.",
            key="app.packages",
            hint="`apt-cache search WORD` finds packages; after a new archive, `sudo apt-get update` reads it.",
        )


def module_notices(app: AppConfig) -> Sequence[Change]:
    """Return what a person must know: what Debian replaces, and what is nowhere."""
    modules, found = app.debian.modules, app.debian.own_list
    notices: list[Change] = []
    for library, package in modules.provided:
        listed = [name for name in library.distributions if name in found.names] if found else []
        if found and listed:
            pins = [pin for pin in _pins(found) if distribution_of(pin) in listed]
            but = f", whatever version it is ({pins[0]} is not installed)" if pins else ""
            sentence = f"{listed[0]} of {found.file} is not installed by pip: the package {package} provides it{but}."
            notices.append(Notice("Python module of the system", sentence))
    for library in modules.missing:
        notices.append(Notice("Missing Python module", missing_sentence(library)))
    notices += [Notice("Software that no longer works", sentence) for sentence in gone_sentences(app).values()]
    return notices


def missing_sentence(library: HardwareLibrary) -> str:
    """Return what to do about a library that this machine's archives do not have."""
    return (
        f"The app uses {library.name}, and none of the archives that this machine uses has {library.debian[0]}. "
        "It is part of Raspberry Pi OS: set the app up there, or add the archive of Raspberry Pi OS to this one."
    )


def gone_sentences(app: AppConfig) -> dict[str, str]:
    """Return why libraries that the app uses no longer work, by their names."""
    uses = [(use, BY_NAME[use.library]) for use in app.access.hardware_uses if use.library in BY_NAME]
    return {
        library.name: f"{use.file} line {use.line} {use.why}: {library.name} {library.gone}."
        for use, library in reversed(uses)
        if library.gone
    }


def _pins(wanted: Requirements | None) -> tuple[str, ...]:
    return (*wanted.pins, *wanted.constraints) if wanted else ()


def _library(name: str) -> HardwareLibrary:
    return CIRCUITPYTHON if name == CIRCUITPYTHON.name else BY_NAME[name]
