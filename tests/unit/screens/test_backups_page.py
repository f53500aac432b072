"""Test that backups are shown, made and tested, and that the recovery sheet is shown."""

from __future__ import annotations

import pytest

from piwizard.backups.backup_record import BackupRecord, LastBackup, LastProof
from piwizard.backups.recovery_sheet import RecoverySheet
from piwizard.backups.target import target_of
from piwizard.screens import piwizard_process
from piwizard.screens.home.sheet_page import SheetPage
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.yes_no_dialog import YesNoDialog
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
    ("row", "way", "asked"),
    [
        ("down", ("--at", "2026-01-01 12:00:00"), "Replace the data of photos by that of 2026-01-01 12:00:00?"),
        ("up", ("--undo",), "Bring back the data of photos from before the last restore?"),
    ],
)
async def test_data_of_a_site_is_restored_after_a_question(site, saved, monkeypatch, row, way, asked):
    ran = []
    monkeypatch.setattr(piwizard_process, "run_piwizard", lambda words: ran.append(words) or {"site": "photos"})
    async with opened(site, steps=False) as seen:
        await opened_backups(seen)
        await seen.until(lambda: seen.app.screen.backups.display, "the list")
        seen.app.screen.backups.focus()
        await seen.keys(row, "enter")
        await seen.until(lambda: isinstance(seen.app.screen, YesNoDialog), "the question")
        assert asked in " ".join(seen.text().split())
        assert ran == []
        await seen.press("yes")
        await seen.see("The data of photos is")
        assert ran == [("restore", "--site", "photos", *way, "--yes")]


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
        await seen.see("Not set up.")
        await seen.see("[ Set up backups ]")
