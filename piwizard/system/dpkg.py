"""Read the installed packages from dpkg's own files.

This takes milliseconds; on a Pi, dpkg's programs take a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from piwizard.system.lazy_dataclass import dataclass

DPKG_FOLDER = "var/lib/dpkg"
INSTALLED = "\nStatus: install ok installed\n"
HELD = "\nStatus: hold ok installed\n"
HALFWAY = re.compile(
    r"^Status: \S+ \S+ (?:half-installed|half-configured|unpacked|triggers-pending|triggers-awaited)$"
    r"|^Status: \S+ reinstreq ",
    re.M,
)


@dataclass(frozen=True)
class Package:
    """An installed package; `version` in Debian's form ("1:1.22.1-9+deb12u1")."""

    name: str
    version: str
    architecture: str


def installed_versions(root: Path = Path("/")) -> dict[str, str]:
    """Return name → version of all installed packages; empty without dpkg.

    Foreign architectures are part of the name: "libc6:armhf".
    """
    return parse_versions(read_status(root))


def is_interrupted(root: Path = Path("/")) -> bool:
    """Return whether dpkg was interrupted and needs `dpkg --configure -a`."""
    try:
        # Names in dpkg's journal are digits only; "tmp.i" is an entry that was never completed.
        if any(entry.name.isdigit() for entry in (root / DPKG_FOLDER / "updates").iterdir()):
            return True
    except OSError:
        pass
    return has_unfinished_package(read_status(root))


def parse_versions(status: str) -> dict[str, str]:
    """Return name → version of the packages installed according to a status file."""
    packages = parse_packages(status)
    native = {"all", next((p.architecture for p in packages if p.name == "dpkg"), "all")}
    if native == {"all"}:
        return {package.name: package.version for package in packages}
    return {p.name if p.architecture in native else f"{p.name}:{p.architecture}": p.version for p in packages}


def has_unfinished_package(status: str) -> bool:
    """Return whether a status file lists a package that is only half installed."""
    return HALFWAY.search(status) is not None


def unfinished_packages(status: str) -> list[str]:
    """Return the packages of a status file that are only half installed."""
    return [read_field(f"\n{stanza}", "\nPackage: ") for stanza in _stanzas(status) if HALFWAY.search(stanza)]


def parse_packages(status: str) -> tuple[Package, ...]:
    """Return the installed packages of a dpkg status file, in its order.

    Removed and unfinished packages are skipped.
    """
    return tuple(package for package, _ in installed_stanzas(status))


def installed_stanzas(status: str) -> Iterator[tuple[Package, str]]:
    """Yield the same packages, each with its whole stanza."""
    for stanza in _stanzas(status):
        if INSTALLED in stanza or HELD in stanza:
            name = stanza[stanza.index("Package: ") + 9 :].split("\n", 1)[0]
            yield Package(name, read_field(stanza, "\nVersion: "), read_field(stanza, "\nArchitecture: ")), stanza


def _stanzas(status: str) -> Iterator[str]:
    """Yield one stanza at a time: the file can be megabytes."""
    at = 0
    while at < len(status):
        end = status.find("\n\n", at)
        end = len(status) if end < 0 else end
        yield status[at:end]
        at = end + 2


def upstream_version(version: str) -> str:
    """Return a version without Debian's parts: "1:1.22.1-9+deb12u1" is "1.22.1"."""
    whole = version.split(":", 1)[-1].rsplit("-", 1)[0]
    return re.split(r"[+~]", whole, maxsplit=1)[0]


def read_field(stanza: str, name: str) -> str:
    """Return the rest of the line that starts with `name`; empty if there is none."""
    at = stanza.find(name)
    return "" if at < 0 else stanza[at + len(name) :].split("\n", 1)[0]


def read_status(root: Path = Path("/")) -> str:
    """Return dpkg's status file; empty without dpkg."""
    try:
        return (root / DPKG_FOLDER / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
