"""Read the metadata of a project from pyproject.toml, setup.cfg or setup.py."""

from __future__ import annotations

import ast
import re

from piwizard.apps.lockfiles import as_table, read_toml, requirement_lines
from piwizard.apps.modules import join_path
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.version_specs import pip_spec
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class ProjectMetadata:
    """The metadata of a project. `installable`: pip can install it."""

    kind: str
    file: str
    requires: tuple[str, ...]
    installable: bool
    python: str = ""


def read_project(checkout: RepositoryCheckout, folder: str = "") -> ProjectMetadata | None:
    """Return the metadata of the project in a folder; None if there is none."""
    return _pyproject(checkout, folder) or _setup_cfg(checkout, folder) or _setup_py(checkout, folder)


def _pyproject(checkout: RepositoryCheckout, folder: str) -> ProjectMetadata | None:
    file = join_path(folder, "pyproject.toml")
    content = read_toml(checkout, file)
    tools = as_table(content.get("tool"))
    poetry = as_table(tools.get("poetry"))
    project = as_table(content.get("project"))
    if project:
        requires = tuple(line for line in _texts(project.get("dependencies")) if line)
        package = as_table(tools.get("uv")).get("package", True) is not False
        package = package and poetry.get("package-mode", True) is not False
        # Without [build-system], uv does not treat a project as a package, so it may have any layout.
        ready = "build-system" in content and package and _has_package(checkout, folder, str(project.get("name", "")))
        return ProjectMetadata("pyproject", file, requires, ready, str(project.get("requires-python", "")))
    if poetry:
        needs = dict(as_table(poetry.get("dependencies")))
        python = needs.pop("python", "")
        ready = "build-system" in content and poetry.get("package-mode", True) is not False
        ready = ready and (bool(poetry.get("packages")) or _has_package(checkout, folder, str(poetry.get("name", ""))))
        python = pip_spec(python) if isinstance(python, str) and "||" not in python else ""
        return ProjectMetadata("poetry", file, requirement_lines(needs), ready, python)
    return None


def _has_package(checkout: RepositoryCheckout, folder: str, name: str) -> bool:
    """Return whether a folder has the layout that build tools expect.

    That is a package, in src/ or not, or a module of the project's name.
    """
    module = name.replace("-", "_").replace(".", "_").lower()
    for place in (folder, join_path(folder, "src")):
        names = checkout.names(place)
        if f"{module}.py" in names:
            return True
        packages = [n for n in names if n.isidentifier() and checkout.is_file(join_path(place, f"{n}/__init__.py"))]
        packages = [n for n in packages if n not in {"tests", "test", "docs", "examples"}]
        if module in map(str.lower, packages) or len(packages) == 1:
            return True
    return False


def _setup_cfg(checkout: RepositoryCheckout, folder: str) -> ProjectMetadata | None:
    file = join_path(folder, "setup.cfg")
    if not checkout.is_file(file):
        return None
    import configparser  # few apps need it

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        # The time of configparser grows with the square of the spaces between words.
        parser.read_string(re.sub(r"(?<=\S)[^\S\n]+", " ", checkout.text(file)))
    except configparser.Error:
        return None
    if not parser.has_option("options", "install_requires"):
        return None
    requires = [line.strip() for line in parser.get("options", "install_requires").splitlines()]
    ready = checkout.is_file(join_path(folder, "setup.py")) or checkout.is_file(join_path(folder, "pyproject.toml"))
    python = parser.get("options", "python_requires", fallback="")
    return ProjectMetadata("setup", file, tuple(line for line in requires if line and line[0] != "#"), ready, python)


def _setup_py(checkout: RepositoryCheckout, folder: str) -> ProjectMetadata | None:
    file = join_path(folder, "setup.py")
    tree = checkout.parsed(file) if checkout.is_file(file) else None
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "setup":
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            python = given.get("python_requires")
            python_text = python.value if isinstance(python, ast.Constant) else ""
            requires = given.get("install_requires")
            items = requires.elts if isinstance(requires, ast.List | ast.Tuple) else []
            lines = tuple(e.value for e in items if isinstance(e, ast.Constant) and isinstance(e.value, str))
            return ProjectMetadata("setup", file, lines, True, python_text if isinstance(python_text, str) else "")
    return None


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
