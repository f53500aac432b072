"""Test that backups are shown, made and tested, and that the recovery sheet is shown."""

from __future__ import annotations

import pytest

from piwizard.backups.backup_record import BackupRecord, LastBackup, LastProof
from piwizard.backups.recovery_sheet import RecoverySheet
from piwizard.backups.target import target_of
from piwizard.screens.home import backups_page
from piwizard.screens.home.sheet_page import SheetPage
from piwizard.screens.screen_service import ScreenService
from piwizard.setup.backup_job import SavedSet
from piwizard.setup.backup_service import BackupState
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
AT = "2026-01-01T12:00:00+00:00"
RECORD = BackupRecord(
    "pi", "0123", "/mnt/drive/backups", False, AT, "", LastBackup(AT, True), LastProof(AT, True, "photos: 3 files.")
)


class OneSite(SavedSet):
    """A backup of one site, whatever is in its snapshots."""

    sites = ("photos",)
    local_time = "2026-01-01 12:00:00"


@pytest.fixture
def saved(monkeypatch):
    """Let this Pi have one backup."""
    state = BackupState(RECORD, "2026-01-02T03:00:00+00:00", ("photos",))
    monkeypatch.setattr(ScreenService, "backup_state", lambda self: state)
    monkeypatch.setattr(ScreenService, "saved_sets", lambda self: [OneSite(AT, "pi", ())])


async def opened_backups(seen):
    await seen.app.navigator.open_backups()
    await seen.see("2026-01-01 12:00:00")
    await seen.until(lambda: seen.app.screen.button("now"))


async def test_backup_is_made_and_its_failure_shown(site, saved, monkeypatch):
    monkeypatch.setattr(
        ScreenService, "back_up", lambda self: LastBackup(AT, False, "unreachable", "The drive is not mounted.")
    )
    async with opened(site, steps=False) as seen:
        await opened_backups(seen)
        for words in ("Last backup", "Next backup", "photos: 3 files.", "/mnt/drive/backups", "not saved elsewhere"):
            assert words in seen.text()
        await seen.press("now")
        await seen.see("The drive is not mounted.")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("down", ("restore", "--site", "photos", "--at", "2026-01-01 12:00:00")),
        ("up", ("restore", "--site", "photos", "--undo")),
    ],
)
async def test_data_of_a_site_is_restored_by_the_command_that_asks(site, saved, monkeypatch, row, words):
    ran = []
    monkeypatch.setattr(backups_page, "run_command", lambda app, words: ran.append(words))
    async with opened(site, steps=False) as seen:
        await opened_backups(seen)
        seen.app.screen.backups.focus()
        await seen.keys(row, "enter")
        await seen.until(lambda: ran)
        assert ran == [words]


async def test_recovery_sheet_is_shown_with_its_code_and_confirmed(site, saved, monkeypatch):
    kept = []
    sheet = RecoverySheet(target_of("/mnt/drive/backups"), "aaaaa-bbbbb", "pi")
    monkeypatch.setattr(ScreenService, "recovery_sheet", lambda self: sheet)
    monkeypatch.setattr(ScreenService, "sheet_saved", lambda self: kept.append(True))
    async with opened(site, steps=False) as seen:
        await opened_backups(seen)
        await seen.press("sheet")
        await seen.see("aaaaa-bbbbb")
        assert "▀" in seen.text()
        page = seen.app.screen
        assert isinstance(page, SheetPage)
        await seen.press("saved")
        await seen.until(lambda: page not in seen.app.screen_stack)
        assert kept == [True]


async def test_backups_that_are_not_set_up_are_offered(site, monkeypatch):
    monkeypatch.setattr(ScreenService, "backup_state", lambda self: BackupState(BackupRecord(), "", ()))
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_backups()
        await seen.see("Backups are not set up.")
        await seen.see("[ Set up backups ]")
