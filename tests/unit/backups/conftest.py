"""Provide a place for piwizard's files, and a repository made by the real restic."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from piwizard.backups import data_archive
from piwizard.backups.restic import ResticRepository
from piwizard.backups.target import target_of
from tests.unit.properties.fixtures import own_places

PASSPHRASE = "correct horse battery staple"
PYTHON = "/usr/bin/python3"


@pytest.fixture(autouse=True)
def own_paths() -> Iterator[Path]:
    with own_places() as folder:
        yield folder


@pytest.fixture(scope="session")
def empty_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty repository, which tests copy: restic takes seconds to make its key."""
    if shutil.which("restic") is None:
        pytest.skip("restic is not installed (apt-get install restic)")
    folder = tmp_path_factory.mktemp("restic") / "target"
    with own_places():
        ResticRepository(target_of(str(folder)), PASSPHRASE).initialize()
    return folder


@pytest.fixture
def repository(tmp_path: Path, empty_target: Path) -> ResticRepository:
    """An empty repository in a folder."""
    shutil.copytree(empty_target, tmp_path / "target")
    return ResticRepository(target_of(str(tmp_path / "target")), PASSPHRASE)


def packing(folder: Path) -> Callable[[int], None]:
    """Return a writer of a folder's archive: the program of its own, as in a sandbox."""

    def write(pipe: int) -> None:
        subprocess.run([PYTHON, "-I", data_archive.__file__, "pack", str(folder)], stdout=pipe, check=True)

    return write


def unpacking(folder: Path, said: list[str]) -> Callable[[int], None]:
    """Return a reader that creates the content of an archive, and keeps the report."""
    folder.mkdir()

    def read(pipe: int) -> None:
        argv = [PYTHON, "-I", data_archive.__file__, "unpack", str(folder), "0"]
        said.append(subprocess.run(argv, stdin=pipe, stderr=subprocess.PIPE, text=True, check=True).stderr)

    return read
