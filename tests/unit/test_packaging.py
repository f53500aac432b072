"""Test that the installation is complete, and loads slow modules late."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from piwizard.alerts import sending
from piwizard.backups import site_archive
from piwizard.deploys import webhook_changes
from piwizard.sandbox import cgroups, sandbox_init
from piwizard.steps import app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = {"piwizard": "piwizard", "screens": "piwizard/screens", "templates": "piwizard/templates"}


def sources() -> set[str]:
    """Return every file of the product in the checkout, by its installed name."""
    return {
        f"{package}/{file.relative_to(ROOT / folder)}"
        for folder, package in FOLDERS.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.is_relative_to(ROOT / "piwizard/screens")
        if not file.is_relative_to(ROOT / "piwizard/templates")
    }


def test_package_list_matches_the_disk() -> None:
    on_disk = {
        str(Path(package, file.parent.relative_to(ROOT / folder))).replace("/", ".")
        for folder, package in FOLDERS.items()
        for file in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(on_disk) == PROJECT["tool"]["setuptools"]["packages"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """Return a copy of install.sh's files, since a build writes to its sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_wheel_contains_every_file(checkout: Path, tmp_path: Path) -> None:
    assert _in_the_wheel_of(checkout, tmp_path) == sources()


@pytest.mark.nightly
def test_sdist_installs_the_same_files(checkout: Path, tmp_path: Path) -> None:
    backend, where = tmp_path / "backend", tmp_path / "sdist"
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--target", backend, *PROJECT["build-system"]["requires"])
    build = f"import sys; sys.path.insert(0, {str(backend)!r}); from setuptools import build_meta as b; "
    _run(sys.executable, "-I", "-c", f"{build}b.build_sdist({str(where)!r})", cwd=checkout)
    (sdist,) = where.glob("piwizard-*.tar.gz")
    assert _in_the_wheel_of(sdist, tmp_path) == sources()


def test_install_sh_installs_the_packages_of_a_rehearsal() -> None:
    listed = re.search('^REHEARSAL_PACKAGES="(.*)"$', (ROOT / "install.sh").read_text(), re.MULTILINE)
    assert listed
    assert set(sandbox_init.PACKAGES.values()) <= set(listed[1].split())


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["status", "--json"], ["plan"], ["status", "--help"]])
def test_neither_textual_nor_questionary_is_loaded(argv: list[str], tmp_path: Path) -> None:
    program = (
        "import sys, runpy; sys.argv[0] = 'piwizard'\n"
        "try: runpy.run_module('piwizard', run_name='__main__')\n"
        "finally: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", program, *argv], capture_output=True, text=True, check=False)
    assert "click" in ended.stderr.split(), ended.stderr
    assert not {"textual", "questionary", "prompt_toolkit", "rich"} & set(ended.stderr.split())


def _in_the_wheel_of(source: Path, folder: Path) -> set[str]:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("piwizard-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def _run(*argv: str | Path, cwd: Path | None = None) -> None:
    ended = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "script",
    [
        *app.SMOKE_TEST_SCRIPTS,
        *site_archive.SCRIPTS,
        sending.SENDER,
        webhook_changes.RECEIVER,
        Path(cgroups.CGROUP_EXEC),
    ],
    ids=lambda path: path.stem,
)
def test_script_of_another_process_exists(script):
    assert script.is_file(), "modules that are run by path are not found by import checks"
