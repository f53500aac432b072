"""Find the Python version that an app's code asks for."""

from __future__ import annotations

import re
from pathlib import Path

from piwizard.apps.lockfiles import as_table, read_toml
from piwizard.apps.modules import join_path
from piwizard.apps.pyproject import read_project
from piwizard.apps.repository_checkout import RepositoryCheckout, scan_checkout
from piwizard.apps.version_specs import pip_spec
from piwizard.system.lazy_dataclass import dataclass

EXACT_VERSION = re.compile(
    r"\s*(?:python|cpython|py)?[- @]?(\d{1,9}\.\d{1,9})(?:\.\d+)?\S*\s*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class RequiredPython:
    """The Python versions that a file asks for, as pip writes them: `>=3.9,<4`.

    `declared`: the metadata of the project requires it. Otherwise it is just the version that the authors use.
    """

    spec: str
    file: str
    declared: bool

    @property
    def versions(self) -> str:
        """Return the versions as a person writes them: `3.9` instead of `==3.9.*`."""
        return self.spec.removeprefix("==").removesuffix(".*")


def find_required_python(root: Path | RepositoryCheckout, folder: str = "") -> RequiredPython | None:
    """Return the Python that a checkout asks for, by its project metadata first."""
    checkout = scan_checkout(root)
    for place in dict.fromkeys([folder, ""]):
        project = read_project(checkout, place)
        if project and project.python:
            return RequiredPython(project.python, project.file, True)
        pipfile = join_path(place, "Pipfile")
        wanted = as_table(read_toml(checkout, pipfile).get("requires"))
        version = wanted.get("python_full_version") or wanted.get("python_version")
        if isinstance(version, str) and (found := EXACT_VERSION.match(version[:200])):
            return RequiredPython(pip_spec(f"{found[1]}.*"), pipfile, False)
        for name in (".python-version", "runtime.txt"):
            file = join_path(place, name)
            if found := EXACT_VERSION.match(checkout.text(file)[:200]):
                return RequiredPython(pip_spec(f"{found[1]}.*"), file, False)
    return None
