"""Which Python an app asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from piwizard.apps.lockfiles import table, toml
from piwizard.apps.modules import join
from piwizard.apps.pyproject import read_project
from piwizard.apps.repository_checkout import RepositoryCheckout, read
from piwizard.apps.version_specs import fits, pip_spec

EXACT = re.compile(r"\s*(?:python|cpython|py)?[- @]?(\d+\.\d+)(?:\.\d+)?\S*\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class PythonWish:
    """The Python that a file asks for. `firm`: pip refuses another one; else it is what the authors happen to use."""

    spec: str
    file: str
    firm: bool

    def fits(self, version: tuple[int, ...]) -> bool:
        """Whether a version such as (3, 11, 2) will do."""
        return fits(self.spec, version)


def find_python(root: Path | RepositoryCheckout, folder: str = "") -> PythonWish | None:
    """The Python that a checkout asks for; firm wishes first."""
    checkout = read(root)
    for place in dict.fromkeys([folder, ""]):
        project = read_project(checkout, place)
        if project and project.python:
            return PythonWish(project.python, project.file, project.installable)
        pipfile = join(place, "Pipfile")
        wanted = table(toml(checkout, pipfile).get("requires"))
        version = wanted.get("python_full_version") or wanted.get("python_version")
        if isinstance(version, str) and (found := EXACT.match(version[:200])):
            return PythonWish(pip_spec(f"{found[1]}.*"), pipfile, False)
        for name in (".python-version", "runtime.txt"):
            file = join(place, name)
            if found := EXACT.match(checkout.text(file)[:200]):
                return PythonWish(pip_spec(f"{found[1]}.*"), file, False)
    return None
