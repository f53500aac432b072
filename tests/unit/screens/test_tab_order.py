"""Walk by Tab through the pages that need data of their own, and look for the real cursor."""

from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.backups.recovery_sheet import RecoverySheet
from piwizard.backups.target import target_of
from piwizard.screens.screen_service import ScreenService
from piwizard.setup.backup_service import BackupState
from piwizard.setup.version_service import SiteVersions
from tests.unit.screens import test_backups_page as backups
from tests.unit.screens import test_fresh_pi_pages as fresh_pi
from tests.unit.screens import test_reporting_pages as reporting
from tests.unit.screens.conftest import assert_cursor_is_on_each_focused_widget, opened
from tests.unit.screens.test_versions import RELEASES

pytestmark = pytest.mark.asyncio


@pytest.fixture
def known(site, monkeypatch):
    """Return a fake Pi of which every page has something to show."""
    sheet = RecoverySheet(target_of("/mnt/drive/backups"), "aaaaa-bbbbb", "pi")
    shown = {
        "versions": lambda self, site: SiteVersions(RELEASES, rolled_back=True, closed=False),
        "backup_state": lambda self: BackupState(backups.RECORD, "", ("photos",)),
        "saved_sets": lambda self: [backups.OneSite(backups.AT, "pi", ())],
        "recovery_sheet": lambda self: sheet,
        "deploy_status": lambda self, site: reporting.STATUS,
        "alert_overview": lambda self: reporting.ALERTS,
        "update_overview": lambda self: reporting.UPDATES,
        "report_texts": lambda self: [("versions.txt", "one\ntwo")],
        "write_report": lambda self, texts: Path("/home/report.tar.gz"),
        "continues_pi_restore": lambda self: False,
        "rehearsal": lambda self: fresh_pi.Rehearsed({"ok": True, "checks": []}),
    }
    for name, answer in shown.items():
        monkeypatch.setattr(ScreenService, name, answer)
    return site


async def test_terminal_cursor_is_on_each_widget_of_other_pages(known):
    async with opened(known, steps=False) as seen:
        go = seen.app.navigator
        for opening, words in (
            (go.open_settings("myflask"), "URL path"),
            (go.open_versions("myflask"), "[ Close the site ]"),
            (go.open_backups(), "2026-01-01 12:00:00"),
            (go.open_sheet(), "aaaaa-bbbbb"),
            (go.open_deploys("myflask"), "[ Change settings ]"),
            (go.open_alerts(), "[ Send a test message ]"),
            (go.open_updates(), "[ Check for vulnerabilities ]"),
            (go.open_report(), "[ Write the report ]"),
            (go.open_pi_restore(), "[ Find the backups ]"),
            (go.open_rehearsal(), "Booting a clone of this machine."),
        ):
            await opening
            await seen.see(words)
            await assert_cursor_is_on_each_focused_widget(seen)
