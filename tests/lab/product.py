"""Install piwizard on a Pi: copied as a user does, or from a cached layer."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from tests.lab.images import Layer
from tests.lab.lab import Lab
from tests.lab.pi import Pi

CHECKOUT = Path(__file__).parents[2]
PUSHED = "/home/alex/piwizard"
PACKAGES = {"piwizard": "piwizard", "screens": "piwizard/screens", "templates": "piwizard/templates"}
"""The folders of the checkout, and their places in the installed product."""


def push(pi: Pi, checkout: Path = CHECKOUT) -> None:
    """Copy a checkout without its history to the user's home.

    Replaces an earlier one.
    """
    pi.run(("rm", "-rf", PUSHED))
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder), checkout)
        pi.push(Path(folder), PUSHED, owner=pi.user)


def copy_checkout(folder: Path, checkout: Path = CHECKOUT) -> None:
    """Copy what an installation needs of a checkout into a folder."""
    for name in (*PACKAGES, "install.sh", "pyproject.toml", "README.md", "LICENSE"):
        _copy(checkout / name, folder / name)


def installed(lab: Lab, variant: str) -> Layer:
    """Return a layer with the current checkout installed.

    install.sh and the dependencies have a layer of their own: a change of the sources only copies the sources.
    """
    below = lab.layer(variant, "dependencies", _dependencies(), _install)
    return lab.layer(variant, "installed", _sources(), _put_sources, on=below)


def prepared(lab: Lab, variant: str) -> Layer:
    """Return a layer with the step `system` done as well: all packages that a site needs are installed."""
    return lab.layer(variant, "prepared", "", _prepare, on=installed(lab, variant))


def prepared_pi(lab: Lab, variant: str) -> Pi:
    """Return a booted Pi for a setup that is not about its packages, which take half of the time."""
    return lab.pi(variant, layer=prepared(lab, variant))


def ready_pi(lab: Lab, variant: str) -> Pi:
    """Return a booted Pi with piwizard installed."""
    return lab.pi(variant, layer=installed(lab, variant))


def _install(pi: Pi) -> None:
    push(pi)
    pi.run((f"{PUSHED}/install.sh", "--version"))


def _prepare(pi: Pi) -> None:
    pi.run(("piwizard", "apply", "system"))


def _put_sources(pi: Pi) -> None:
    push(pi)
    (package,) = (pi.files / "opt/piwizard").glob("venv-*/lib/python3*/site-packages/piwizard")
    shutil.rmtree(package)
    for folder, place in PACKAGES.items():
        (package.parent / place).unlink(missing_ok=True)
        _copy(CHECKOUT / folder, package.parent / place)
    inside = Path("/") / package.relative_to(pi.files)
    pi.run(("/opt/piwizard/venv/bin/python", "-I", "-m", "compileall", "-q", str(inside)))


def _dependencies() -> str:
    files = [CHECKOUT / "install.sh", *sorted((CHECKOUT / "piwizard").glob("*.lock"))]
    return _digest([file.read_bytes() for file in files])


def _sources() -> str:
    files = [file for name in PACKAGES for file in sorted((CHECKOUT / name).rglob("*")) if file.is_file()]
    files = [file for file in files if "__pycache__" not in file.parts]
    return _digest([part for file in files for part in (str(file.relative_to(CHECKOUT)).encode(), file.read_bytes())])


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _digest(parts: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
