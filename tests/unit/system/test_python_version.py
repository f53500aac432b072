"""Environments after an upgrade of the system that brought another Python."""

from __future__ import annotations

import pytest

from piwizard.system.python_version import find_venv_mismatch, interpreter_version


@pytest.fixture
def environment(tmp_path):
    """A virtual environment as Debian's Python makes it, on a machine whose python3 is 3.13."""

    def made(built):
        usr = tmp_path / "usr"
        usr.mkdir()
        (usr / "python3.13").write_text("")
        (usr / "python3").symlink_to("python3.13")
        venv = tmp_path / "venv"
        (venv / "bin").mkdir(parents=True)
        (venv / f"lib/python{built}/site-packages").mkdir(parents=True)
        (venv / "bin/python3").symlink_to(usr / "python3")
        (venv / "bin/python").symlink_to("python3")
        return venv

    return made


def test_one_of_the_release_before(environment):
    stale = find_venv_mismatch(environment("3.11"))
    assert (stale.built, stale.here) == ("3.11", "3.13")
    assert stale.words == "its environment was built for Python 3.11, and this machine has 3.13 now"


def test_one_that_is_well(environment):
    venv = environment("3.13")
    assert find_venv_mismatch(venv) is None
    (venv / "lib/python3.11").mkdir()
    assert find_venv_mismatch(venv) is None


def test_none_and_one_that_nobody_can_judge(tmp_path, environment):
    assert find_venv_mismatch(tmp_path / "nothing") is None
    venv = environment("3.11")
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to("/opt/a-python/of-somebodys-own")
    assert find_venv_mismatch(venv) is None


@pytest.mark.parametrize(
    ("python", "system", "version"),
    [
        ("python3", "3.13.5", (3, 13)),
        ("python3", "3.11", (3, 11)),
        ("python3", None, None),
        ("python3.12", "3.13.5", (3, 12)),
        ("/opt/pypy", "3.13.5", None),
    ],
)
def test_version_of_an_interpreter(python, system, version):
    assert interpreter_version(python, system) == version


def test_version_of_an_interpreter_is_that_of_the_file_behind_a_link(tmp_path):
    (tmp_path / "python").symlink_to("/usr/local/bin/python3.14")
    assert interpreter_version(str(tmp_path / "python"), "3.13.5") == (3, 14)
