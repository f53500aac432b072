"""Test that the settings of this Pi are replaced only after a yes, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from piwizard.backups.restic import Snapshot
from piwizard.backups.target import target_of
from piwizard.cli.restore_command import restore_command
from piwizard.engine import run_launch
from piwizard.setup import pi_restore
from piwizard.system import paths

MACHINE = Snapshot("a" * 64, datetime(2026, 11, 30, tzinfo=UTC), "pi", "machine.tar")


@pytest.fixture
def settings(own_places: Path) -> tuple[Path, Path]:
    """The answers and the secrets of a Pi without a site."""
    files = paths.answers_file(), paths.state_dir() / "secrets.json"
    for one, content in zip(files, ("[alerts]\n", "{}"), strict=True):
        one.parent.mkdir(parents=True, exist_ok=True)
        one.write_text(content)
    return files


def test_restore_names_the_files_that_it_replaces(settings, monkeypatch):
    monkeypatch.setattr(run_launch, "require_systemd", lambda: None)
    monkeypatch.setattr(pi_restore, "open_target", lambda *_: pytest.fail("nobody has agreed"))
    done = CliRunner().invoke(restore_command, ["--target", "/mnt/usb"])
    assert done.exit_code != 0
    for one in settings:
        assert str(one) in done.output


def test_replaced_settings_are_kept(settings, own_places, monkeypatch):
    @contextmanager
    def unpacked(*_: object) -> Iterator[Path]:
        folder = own_places / "unpacked"
        for path, content in (("answers/answers.toml", "# the other Pi's\n"), ("state/secrets.json", "{}")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        yield folder

    monkeypatch.setattr(pi_restore, "_unpacked", unpacked)
    monkeypatch.setattr(pi_restore, "_restore_folders", lambda *_: None)
    repository = SimpleNamespace(target=target_of("/mnt/usb"), snapshots=lambda *_: [], identity=lambda: "id")
    network = SimpleNamespace(interfaces=(), address=None, gateway=None)
    pi_restore.restore_pi(repository, "a passphrase", MACHINE, network)
    assert settings[0].read_text() == "# the other Pi's\n"
    (copies,) = pi_restore.replaced_folder().iterdir()
    assert {one.name: one.read_text() for one in copies.iterdir()} == {
        "answers.toml": "[alerts]\n",
        "secrets.json": "{}",
    }
    assert all(one.stat().st_mode & 0o077 == 0 for one in (copies, *copies.iterdir()))
