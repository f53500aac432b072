"""Find known vulnerabilities of the packages in an app's environment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from piwizard.apps import advisory_program
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.unprivileged_program import run_unprivileged

INDEX = "https://pypi.org"
MAX_PACKAGES, MAX_ADVISORIES = 200, 200
MAX_SECONDS = 600
"""For all packages of an environment."""
INSTALLED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]{0,80})-([0-9][A-Za-z0-9.+!]{0,40})\.dist-info")
VERSION = re.compile(r"[0-9][A-Za-z0-9.+!]{0,40}")
IDENTIFIER = re.compile(r"[A-Z]{2,10}-[A-Za-z0-9-]{3,40}")
TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""They build the environment, and visitors reach none of them."""
Package = tuple[str, str]
"""The name and the version."""


@dataclass(frozen=True, order=True)
class Advisory:
    """A known vulnerability of an installed version, and the versions that fix it."""

    package: str
    version: str
    id: str
    fixed: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return it in words."""
        return f"{self.package} {self.version}: {self.id}" + (f", fixed in {self.fixed[-1]}" if self.fixed else "")


Ask = Callable[[str], str]
"""Runs the program that asks, with this input, and returns its output."""


def installed_packages(environment: Path) -> list[Package]:
    """Return the packages of a virtual environment, by the names of their folders."""
    folders = environment.glob("lib/python3*/site-packages/*.dist-info")
    found = [match.groups() for folder in folders if (match := INSTALLED.fullmatch(folder.name))]
    return sorted((name, version) for name, version in found if name.lower() not in TOOLS)[:MAX_PACKAGES]


def find_advisories(packages: Iterable[Package], ask: Ask | None = None, index: str = INDEX) -> list[Advisory]:
    """Return the advisories about these packages.

    None about those that could not be looked up.
    """
    asked = list(packages)
    if not asked:
        return []
    output = (ask or _ask)(json.dumps({"index": index, "packages": asked}))
    try:
        found = json.loads(output)["advisories"][:MAX_ADVISORIES]
        valid = {one for one in map(_validated, found) if one is not None and (one.package, one.version) in asked}
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    return sorted(valid)


def _ask(input: str) -> str:
    source = Path(advisory_program.__file__).read_text(encoding="utf-8")
    named = "Look up known vulnerabilities for piwizard"
    return run_unprivileged("advisories", named, source, input=input, seconds=MAX_SECONDS).output


def _validated(raw: Any) -> Advisory | None:  # noqa: ANN401 — from a server
    name, version, identifier = (str(raw[key]) for key in ("package", "version", "id"))
    fixed = tuple(one for one in map(str, raw["fixed"][:10]) if VERSION.fullmatch(one))
    return Advisory(name, version, identifier, fixed) if IDENTIFIER.fullmatch(identifier) else None
