"""Test what happens at a target without space: nothing is lost, a person is told, and room is made if possible."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from piwizard.backups import backup_record, backup_run, contents, restic
from piwizard.backups.archive_report import PackReport
from piwizard.backups.backup_error import BackupError
from piwizard.backups.restic import ResticRepository
from piwizard.backups.target import target_of
from piwizard.network import internet_time
from piwizard.network.internet_time import ClockReading
from piwizard.steps.backup import check_age
from tests.unit.backups.conftest import PASSPHRASE, packing, unpacking

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder], check=False).returncode != 0:
        pytest.skip("this machine allows no mounts")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small(disk: Path, empty_target: Path, monkeypatch: pytest.MonkeyPatch) -> ResticRepository:
    """Return a repository there, and a clock that is right."""
    subprocess.run(["cp", "-r", empty_target, disk / "target"], check=True)
    monkeypatch.setattr(internet_time, "read_clock", lambda: ClockReading(NOW, NOW))
    monkeypatch.setattr(restic, "FOLDER_PATIENCE", 5.0)  # restic 0.14 hangs in one of twenty attempts
    return ResticRepository(target_of(str(disk / "target")), PASSPHRASE)


def noise(mebibytes: int) -> Callable[[str, int], PackReport]:
    """Return a function that packs data without any pattern."""

    def pack(site: str, pipe: int) -> PackReport:
        for _ in range(mebibytes):
            os.write(pipe, os.urandom(1 << 20))
        return PackReport()

    return pack


def test_full_target_gets_room_from_backups_that_are_too_old(small: ResticRepository, disk: Path) -> None:
    for hours in range(3):
        small.save("site-blog.tar", "pi", NOW + timedelta(hours=hours), lambda pipe: noise(4)("blog", pipe) and None)
    for hours in range(3, 6):  # these three are kept, and their day's last one is among them
        small.save("site-blog.tar", "pi", NOW + timedelta(hours=hours), lambda pipe: noise(1)("blog", pipe) and None)
    backup_record.update_record(repository=small.identity(), pruned_at=backup_record.now())
    assert backup_run.make_backup(small, "pi", ("blog",), pack=noise(9)).last.ok
    assert {one.name for one in small.snapshots("pi")} == {contents.MACHINE, "site-blog.tar"}


def test_full_target_is_reported_at_once_and_its_backups_can_be_read(
    small: ResticRepository, disk: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "note.txt").write_text("hello")
    small.save("site-blog.tar", "pi", NOW, packing(data))
    backup_record.update_record(repository=small.identity(), succeeded_at=backup_record.now())
    with pytest.raises(BackupError, match="is full") as refused:
        backup_run.make_backup(small, "pi", ("blog",), pack=noise(40))
    assert not refused.value.retried
    (disk / "fill").write_bytes(b"")
    subprocess.run(["dd", "if=/dev/zero", f"of={disk}/fill", "bs=4k"], check=False, capture_output=True)
    with pytest.raises(BackupError) as again:  # not even a lock fits
        backup_run.make_backup(small, "pi", ("blog",), pack=noise(1))
    assert again.value.reason == "full"
    told = check_age(backup_record.read_record(), "daily")
    assert not told.ok
    assert "Free space there" in told.detail
    [kept] = small.snapshots("pi")
    small.load(kept, unpacking(tmp_path / "restored", []))
    assert (tmp_path / "restored" / "note.txt").read_text() == "hello"
    (disk / "fill").unlink()
    assert backup_run.make_backup(small, "pi", ("blog",), pack=noise(1)).last.ok
    assert check_age(backup_record.read_record(), "daily").ok
