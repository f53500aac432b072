"""Test environments after a system upgrade that brought another Python."""

from __future__ import annotations

import pytest

from piwizard.system.python_version import find_venv_mismatch, interpreter_version


@pytest.fixture
def environment(tmp_path):
    """Make a virtual environment as Debian's Python does, on a machine whose python3 is 3.13."""

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


def test_venv_of_the_previous_release_is_a_mismatch(environment):
    stale = find_venv_mismatch(environment("3.11"))
    assert (stale.built, stale.here) == ("3.11", "3.13")
    assert stale.sentence == "its environment was built for Python 3.11, and this machine has 3.13 now"


def test_venv_of_this_python_is_no_mismatch(environment):
    venv = environment("3.13")
    assert find_venv_mismatch(venv) is None
    (venv / "lib/python3.11").mkdir()
    assert find_venv_mismatch(venv) is None


def test_unknown_venv_is_no_mismatch(tmp_path, environment):
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
def test_interpreter_version_comes_from_its_name(python, system, version):
    assert interpreter_version(python, system) == version


def test_interpreter_version_follows_links(tmp_path):
    (tmp_path / "python").symlink_to("/usr/local/bin/python3.14")
    assert interpreter_version(str(tmp_path / "python"), "3.13.5") == (3, 14)
