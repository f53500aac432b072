"""Test the error messages of failed commands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from piwizard.changes import command
from piwizard.changes.base import ChangeFailed
from piwizard.changes.command import Command
from piwizard.changes.error_hints import out_of_time
from piwizard.system.commands import Result
from piwizard.system.system_cache import SystemCache
from tests.unit.changes.conftest import APP_USER, needs_root

pytestmark = needs_root
NAMES = ("DATABASE", "ENVIRONMENT", "FLASK_DEBUG", "MAIL", "SECRET_KEY", "ZONE")


def failed(working, marker: Path, code: str, variables: tuple[str, ...], start: str = "") -> ChangeFailed:
    argv, words = ("python3", "-c", code), ("It does not run.", "app.entry")
    given = {"variables": variables, "empty_variables": (*variables, "REPOSITORY"), "start": start}
    command = Command("Try it", argv, marker, APP_USER, Path("/"), *words, **given)
    with pytest.raises(ChangeFailed) as caught:
        command.apply(working())
    assert not marker.exists()
    return caught.value


def test_failed_command_names_the_missing_variables(working, tmp_path):
    error = failed(working, tmp_path / "marker", "raise ValueError('Unknown kind: None')", NAMES)
    assert str(error) == "It does not run. ValueError: Unknown kind: None"
    assert "not set: DATABASE, ENVIRONMENT, FLASK_DEBUG, MAIL, SECRET_KEY and others." in error.hint


def test_variable_in_the_error_is_the_only_one_named(working, tmp_path):
    error = failed(working, tmp_path / "marker", "raise ValueError('no MAIL')", NAMES)
    assert str(error) == "app.env.MAIL: the app needs this variable: ValueError: no MAIL"
    assert error.key == "app.env.MAIL"
    error = failed(working, tmp_path / "marker", "raise SystemExit('Error: Please configure a REPOSITORY path.')", ())
    assert error.key == "app.env.REPOSITORY", "it is no variable that the code cannot do without"


def test_failed_command_with_all_variables_has_no_hint(working, tmp_path):
    assert failed(working, tmp_path / "marker", "raise SystemExit(3)", ()).hint is None


def test_unwritable_file_is_named(working, tmp_path):
    error = failed(working, tmp_path / "marker", "open('/etc/shadow', 'w')", NAMES, start="usr")
    assert str(error).endswith("PermissionError: [Errno 13] Permission denied: '/etc/shadow'")
    assert error.hint == "It needs to write etc/shadow. To allow that, add it to app.writable, then apply again."


def test_device_that_is_closed_is_named_with_the_answer_that_opens_it(working, tmp_path):
    error = failed(
        working, tmp_path / "marker", "raise RuntimeError('No access to /dev/mem. Try running as root!')", ()
    )
    assert error.hint == 'The app may need GPIO pins. To allow it, add hardware = ["gpio"] under [app].'
    error = failed(working, tmp_path / "marker", "open('/dev/i2c-9')", ())
    assert error.hint == 'The app may need the I2C bus. To allow it, add hardware = ["i2c"] under [app].'


def test_feature_removed_from_python_is_explained(working, tmp_path):
    error = failed(working, tmp_path / "marker", "import collections; collections.MutableMapping", ())
    assert "too old for this Python" in error.hint


def test_command_that_was_stopped_for_its_time_says_so():
    stopped = Result(("flask", "wait"), -15, "", "", (), 3600.5)
    assert "stopped after 60 minutes" in (out_of_time(stopped, 3600) or "")
    assert out_of_time(Result(("flask", "wait"), -15, "", "", (), 2.0), 3600) is None


def test_missing_library_is_installed_and_the_command_runs_again(working, tmp_path, monkeypatch):
    there = Path(tempfile.mkdtemp(dir="/tmp"))
    there.chmod(0o755)
    installed: list[str] = []

    def install(self, work):
        installed.extend(self.names)
        (there / "library").touch()

    monkeypatch.setattr(command.Packages, "apply", install)
    monkeypatch.setattr(command, "look_up_packages", lambda names: {"libgl1": "1.7.0"})
    monkeypatch.setattr(SystemCache, "package", lambda self, name: "1.7.0" if name in installed else None)
    missing = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
    code = f"import os, sys\nos.path.exists('{there}/library') or sys.exit('{missing}')"
    argv = ("python3", "-c", code)
    Command("Try it", argv, tmp_path / "marker", APP_USER, Path("/"), "It does not run.").apply(working())
    assert installed == ["libgl1"]
    assert (tmp_path / "marker").exists()
    (there / "library").unlink()
    with pytest.raises(ChangeFailed, match=r"libGL\.so\.1"):  # it is installed, but did not help
        Command("Try it", argv, tmp_path / "other", APP_USER, Path("/"), "It does not run.").apply(working())
    there.rmdir()
