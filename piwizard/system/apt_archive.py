"""Look up Debian packages in the archives that this machine uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path

from piwizard.system import commands
from piwizard.system.lazy_dataclass import dataclass

LISTS = Path("/var/lib/apt/lists")
ENTRY = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class AptArchive:
    """The packages that apt can install. Each name is asked for once.

    `installed` are the versions of those that are installed. `look_up` returns the versions of others, or None if apt
    has no lists of packages yet.
    """

    installed: Mapping[str, str] = field(default_factory=dict)
    look_up: Callable[[tuple[str, ...]], Mapping[str, str] | None] = lambda names: None
    _known: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the packages that are neither installed nor in an archive.

        Without lists of packages nothing counts as missing: apt fetches them before it installs anything.
        """
        wanted = tuple(dict.fromkeys(names))
        unknown = tuple(name for name in wanted if name not in self.installed and name not in self._known)
        if unknown:
            found = self.look_up(unknown)
            if found is None:
                return ()
            self._known.update({name: found.get(name) for name in unknown})
        return tuple(name for name in wanted if name not in self.installed and self._known.get(name) is None)

    def version(self, name: str) -> str | None:
        """Return the version of a package that is installed, else the candidate."""
        self.missing((name,))
        return self.installed.get(name) or self._known.get(name)

    def choose(self, names: tuple[str, ...]) -> str | None:
        """Return which of several packages to install.

        That is the first one that is installed, else the first one in the archives.
        """
        installed = [name for name in names if name in self.installed]
        if installed:
            return installed[0]
        missing = self.missing(names)
        return next((name for name in names if name not in missing), None)


def look_up_packages(names: tuple[str, ...]) -> Mapping[str, str] | None:
    """Return the versions that apt would install; None if it has no lists yet."""
    if not any(LISTS.glob("*_Packages*")):
        return None
    return parse_policy(commands.run(("apt-cache", "policy", *names), timeout=60).output)


def parse_policy(output: str) -> dict[str, str]:
    """Return the candidates in the output of `apt-cache policy`."""
    return {match[1]: match[2] for match in ENTRY.finditer(output) if match[2] != "(none)"}
