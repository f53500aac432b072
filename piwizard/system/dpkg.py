"""What dpkg has installed, read from its own files: its programs take a second on a Pi, this takes milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DPKG = "var/lib/dpkg"
INSTALLED = "\nStatus: install ok installed\n"
HELD = "\nStatus: hold ok installed\n"
HALFWAY = re.compile(
    r"^Status: \S+ \S+ (?:half-installed|half-configured|unpacked|triggers-pending|triggers-awaited)$"
    r"|^Status: \S+ reinstreq ",
    re.M,
)


@dataclass(frozen=True)
class Package:
    """An installed package: `version` as Debian writes it ("1:1.22.1-9+deb12u1")."""

    name: str
    version: str
    architecture: str


def installed(root: Path = Path("/")) -> dict[str, str]:
    """Name → version of every installed package; foreign architectures as "libc6:armhf". Empty without dpkg."""
    return versions(status(root))


def interrupted(root: Path = Path("/")) -> bool:
    """Whether dpkg was stopped half-way, so that `dpkg --configure -a` must run before anything else."""
    try:
        # dpkg takes only names of digits for its journal, and "tmp.i" is an entry that it had not finished.
        if any(entry.name.isdigit() for entry in (root / DPKG / "updates").iterdir()):
            return True
    except OSError:
        pass
    return halfway(status(root))


def versions(status: str) -> dict[str, str]:
    """Name → version of what a dpkg status file lists as installed."""
    packages = read(status)
    native = {"all", next((p.architecture for p in packages if p.name == "dpkg"), "all")}
    if native == {"all"}:
        return {package.name: package.version for package in packages}
    return {p.name if p.architecture in native else f"{p.name}:{p.architecture}": p.version for p in packages}


def halfway(status: str) -> bool:
    """Whether a dpkg status file lists a package that is neither installed nor gone."""
    return HALFWAY.search(status) is not None


def read(status: str) -> tuple[Package, ...]:
    """The installed packages of a dpkg status file, in its order; others (removed, half-way) are left out."""
    return tuple(package for package, _ in stanzas(status))


def stanzas(status: str) -> Iterator[tuple[Package, str]]:
    """The same, each with all that the file says of it."""
    for stanza in _stanzas(status):
        if INSTALLED in stanza or HELD in stanza:
            name = stanza[stanza.index("Package: ") + 9 :].split("\n", 1)[0]
            yield Package(name, field(stanza, "\nVersion: "), field(stanza, "\nArchitecture: ")), stanza


def _stanzas(status: str) -> Iterator[str]:
    """One at a time: the file can be megabytes."""
    at = 0
    while at < len(status):
        end = status.find("\n\n", at)
        end = len(status) if end < 0 else end
        yield status[at:end]
        at = end + 2


def upstream(version: str) -> str:
    """The version without what Debian adds to it: "1:1.22.1-9+deb12u1" is "1.22.1"."""
    whole = version.split(":", 1)[-1].rsplit("-", 1)[0]
    return re.split(r"[+~]", whole, maxsplit=1)[0]


def field(stanza: str, name: str) -> str:
    """The line of a stanza that begins so, without its beginning; empty where there is none."""
    at = stanza.find(name)
    return "" if at < 0 else stanza[at + len(name) :].split("\n", 1)[0]


def status(root: Path = Path("/")) -> str:
    """dpkg's list of packages as it is; empty without dpkg."""
    try:
        return (root / DPKG / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
