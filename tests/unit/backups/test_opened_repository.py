"""Test that backups meant for a drive are not created on the disk of the system."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from piwizard.backups import backup_record, target
from piwizard.backups.backup_record import LastBackup, SavedSite
from piwizard.backups.opened_repository import OpenedRepository
from piwizard.backups.target import target_of
from piwizard.changes.base import ChangeFailed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is missing, on the disk of the system."""
    monkeypatch.setattr(target, "SYSTEM", tmp_path)
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb/backup"


def test_folder_is_not_created_on_the_disk_of_the_system(place, working):
    with pytest.raises(ChangeFailed, match="no drive is mounted"):
        working("backup").make(OpenedRepository(target_of(str(place)), "pi"))
    assert not place.exists()


def test_folder_of_the_user_is_used_after_a_warning(place, working, empty_target):
    place.mkdir()
    opened = OpenedRepository(target_of(str(place)), "pi")
    assert "lost with that disk" in opened.probe(working().machine, working()).warnings[0]
    working("backup").make(opened)
    assert backup_record.read_record().repository
    assert (place / "config").is_file()


def test_empty_disk_in_place_of_the_target_gets_new_backups_by_an_apply(place, working, empty_target):
    place.mkdir()
    opened = OpenedRepository(target_of(str(place)), "pi")
    working("backup").make(opened)
    first = backup_record.update_record(succeeded_at=backup_record.now(), newest={"blog": SavedSite("abc")})
    assert opened.probe(working().machine, working()).in_sync
    shutil.rmtree(place)
    place.mkdir()
    gone = LastBackup(backup_record.now(), False, "missing", "There are no backups.")
    backup_record.update_record(last=gone)
    assert not opened.probe(working().machine, working()).in_sync
    working("backup").make(opened)
    now = backup_record.read_record()
    assert (now.repository != first.repository, now.succeeded_at, now.last, now.newest) == (True, "", None, {})
    assert opened.probe(working().machine, working()).in_sync


def test_other_disk_needs_no_folder_and_no_warning(place, working, monkeypatch):
    monkeypatch.setattr(target, "SYSTEM", Path("/proc"))
    assert not target_of(str(place)).on_system_disk
    assert not target_of("rest:https://example.org/").on_system_disk
    opened = OpenedRepository(target_of(str(place)), "pi")
    assert opened.probe(working().machine, working()).warnings == ()
