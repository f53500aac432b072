"""Save to real servers: a REST server with a password, and a remote of rclone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from piwizard.backups.backup_error import BackupError
from piwizard.backups.restic import ResticRepository
from piwizard.backups.target import Target, backup_target, target_of
from tests.lab.eventually import eventually
from tests.unit.backups.conftest import PASSPHRASE, packing, unpacking

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (apt-get install rclone)"),
]
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Target]:
    """A REST server that asks for a password."""
    port = _free_port()
    (tmp_path / "served").mkdir()
    access = ("--user", "pi", "--pass", "hush-hush")
    argv = ["rclone", "serve", "restic", "--addr", f"127.0.0.1:{port}", *access, str(tmp_path / "served")]
    with subprocess.Popen(argv) as server:

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        eventually(listens)
        yield target_of(backup_target(f"rest:http://127.0.0.1:{port}/pi/"), "pi", "hush-hush")
        server.terminate()


def _saved_and_restored(repository: ResticRepository, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "note.txt").write_text("hello")
    repository.initialize()
    repository.save("site-blog.tar", "pi", NOW, packing(tmp_path / "data"))
    [snapshot] = repository.snapshots("pi")
    repository.load(snapshot, unpacking(tmp_path / "restored", []))
    assert (tmp_path / "restored" / "note.txt").read_text() == "hello"
    repository.forget("pi")
    repository.verify("100%")


def test_rest_server_keeps_backups(rest: Target, tmp_path: Path) -> None:
    _saved_and_restored(ResticRepository(rest, PASSPHRASE), tmp_path)


def test_lock_of_a_running_backup_stays(rest: Target) -> None:
    repository = ResticRepository(rest, PASSPHRASE)
    repository.initialize()

    def write(pipe: int) -> None:
        os.write(pipe, b"x")
        eventually(lambda: len(list(repository._locks())) == 1, 60)
        repository.unlock()
        assert len(list(repository._locks())) == 1

    repository.save("site-blog.tar", "pi", NOW, write)
    assert list(repository._locks()) == []


def test_rest_server_with_a_wrong_password_refuses(rest: Target) -> None:
    with pytest.raises(BackupError) as refused:
        ResticRepository(target_of(rest.location, "pi", "wrong"), PASSPHRASE).initialize()
    assert refused.value.reason == "refused"


def test_server_that_is_off_is_away(rest: Target) -> None:
    gone = target_of(f"rest:http://127.0.0.1:{_free_port()}/pi/")
    with pytest.raises(BackupError) as refused:
        ResticRepository(gone, PASSPHRASE).identity()
    assert refused.value.reason == "away"


def test_remote_of_rclone_keeps_backups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_paths: Path) -> None:
    config = tmp_path / "rclone.conf"
    config.write_text(f"[disk]\ntype = alias\nremote = {tmp_path}/remote\n")
    target = target_of(backup_target("rclone:disk:pi"))
    monkeypatch.setattr(Target, "environment", {"RCLONE_CONFIG": str(config)})
    _saved_and_restored(ResticRepository(target, PASSPHRASE), tmp_path)
