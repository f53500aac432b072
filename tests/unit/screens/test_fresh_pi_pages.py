"""Test the pages for a fresh Pi: a rehearsal, and the restore from a broken Pi."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from piwizard.errors import PiwizardError
from piwizard.screens import rehearsal_process
from piwizard.screens.home.confirm_run import ConfirmRun
from piwizard.screens.home.pi_restore_page import PiRestorePage
from piwizard.screens.home.rehearsal_page import RehearsalPage
from piwizard.screens.rehearsal_process import RehearsalProcess
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.yes_no_dialog import YesNoDialog
from piwizard.setup.pi_restore import RestoredPi
from piwizard.setup.pi_restore_service import PiRestoreService, SavedPis, SheetEntries
from tests.unit.screens.conftest import MAX_WAIT_SECONDS, opened

pytestmark = pytest.mark.asyncio
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
PASSPHRASE = "aaaaa-bbbbb-ccccc"
EVENTS = (
    {"event": "note", "text": "Booting a clone of this machine."},
    {"event": "run-started", "step": "app", "site": "sample"},
)
CHECKS = [{"step": "app", "name": "opens here", "ok": True, "detail": "http://127.0.0.1:1 gives 200"}]


class Rehearsed(RehearsalProcess):
    """A rehearsal that ends when it is allowed to, or stopped."""

    def __init__(self, finished) -> None:
        super().__init__()
        self.go_on, self.stopped, self._finished = threading.Event(), False, finished

    def run(self) -> None:
        for event in EVENTS:
            self._take(json.dumps(event))
        assert self.go_on.wait(MAX_WAIT_SECONDS)
        if not self.stopped:
            self._take(json.dumps({"event": "rehearsal-finished", **self._finished}))

    def stop(self) -> None:
        self.stopped = True
        self.go_on.set()


async def rehearsed(seen, monkeypatch, finished):
    process = Rehearsed(finished)
    monkeypatch.setattr(ScreenService, "rehearsal", lambda self: process)
    await seen.app.navigator.open_rehearsal()
    await seen.see("Booting a clone of this machine.")
    return process


@pytest.mark.parametrize(
    ("finished", "said"),
    [
        ({"ok": True, "checks": CHECKS}, "1 check passed in the copy"),
        ({"ok": False, "checks": [{**CHECKS[0], "ok": False}]}, "opens here: http://127.0.0.1:1 gives 200"),
        ({"ok": False, "checks": []}, "The setup did not end in the copy."),
    ],
)
async def test_rehearsal_shows_its_log_and_its_result(folder, monkeypatch, finished, said):
    async with opened(folder, steps=False) as seen:
        process = await rehearsed(seen, monkeypatch, finished)
        process.go_on.set()
        await seen.see(said)
        await seen.see("[ Rehearse again ]")


async def test_rehearsal_removes_its_copy_before_the_page_closes(folder, monkeypatch):
    async with opened(folder, steps=False) as seen:
        process = await rehearsed(seen, monkeypatch, {})
        page = seen.app.screen
        assert isinstance(page, RehearsalPage)
        await seen.keys("escape")
        await seen.see("Stop the rehearsal?")
        assert not process.stopped
        await seen.press("yes")
        await seen.until(lambda: page not in seen.app.screen_stack, "the page to close")
        assert process.stopped


async def test_rehearsal_is_the_command_in_its_own_process(monkeypatch):
    started = []

    def start(argv, on_line):
        on_line("stdout", '{"error": {"message": "slirp4netns is not installed.", "key": null, "hint": "Install it."}}')
        started.append(argv)
        return SimpleNamespace(wait=lambda: None, alive=False)

    monkeypatch.setattr("piwizard.system.commands.start", start)
    process = rehearsal_process.RehearsalProcess()
    process.run()
    assert started[0][-2:] == ("rehearse", "--json")
    assert [event["event"] for event in process.new_events()] == ["error"]
    assert process.ok is None


@pytest.fixture
def broken(monkeypatch):
    """Return what was typed and restored: there is the backup of one Pi."""
    done = []
    saved = SavedPis(None, PASSPHRASE, {"oldpi": SimpleNamespace(at=AT)})
    monkeypatch.setattr(ScreenService, "continues_pi_restore", lambda self: False)
    monkeypatch.setattr(ScreenService, "open_saved_pis", lambda self, typed: done.append(typed) or saved)
    monkeypatch.setattr(ScreenService, "replaced_settings", lambda self: ((Path("/etc/a.toml"),), Path("/var/kept")))
    restored = RestoredPi("oldpi", "", ("photos",), ("This Pi has no interface wlan0.",))
    monkeypatch.setattr(ScreenService, "restore_pi", lambda self, saved, host: done.append(host) or restored)
    return done


async def test_pi_is_restored_by_its_recovery_sheet(folder, broken):
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_pi_restore()
        await seen.see("[ Find the backups ]")
        page = seen.app.screen
        assert isinstance(page, PiRestorePage)
        await seen.until(lambda: seen.app.screen.focused is page.lines[0].editor, "the cursor in the first line")
        await seen.type("/mnt/usb/backup")
        await seen.keys("enter", "enter", "enter")
        await seen.type(PASSPHRASE)
        assert PASSPHRASE not in seen.text()
        await seen.press("find")
        await seen.see("oldpi   2026-01-01")
        assert broken == [SheetEntries("/mnt/usb/backup", "", "", PASSPHRASE)]
        assert PASSPHRASE not in repr(broken)
        await seen.press("restore")
        await seen.until(lambda: isinstance(seen.app.screen, YesNoDialog), "the question")
        assert "It replaces /etc/a.toml" in " ".join(seen.text().split())
        assert len(broken) == 1
        await seen.press("yes")
        await seen.until(lambda: isinstance(seen.app.screen, ConfirmRun), "what is left to install")
        assert broken[1:] == ["oldpi"]
        assert not any(line.editor.value for line in page.lines)


async def test_pi_with_sites_is_not_restored(folder, monkeypatch):
    def refuse(self):
        raise PiwizardError("This Pi already has the site photos.", hint="Nothing was changed.")

    monkeypatch.setattr(ScreenService, "continues_pi_restore", refuse)
    async with opened(folder, steps=False) as seen:
        await seen.app.navigator.open_pi_restore()
        await seen.see("This Pi already has the site photos.")
        assert seen.app.screen.button("find") is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (SheetEntries("backup", passphrase=PASSPHRASE), "The target must be a folder"),
        (SheetEntries("/mnt/usb/backup"), "The passphrase is missing"),
        (
            SheetEntries("s3:https://s3.example/bucket", passphrase=PASSPHRASE),
            "The user, the secret and the passphrase",
        ),
    ],
)
async def test_incomplete_recovery_sheet_is_refused(folder, typed, words):
    with pytest.raises(PiwizardError, match=words):
        PiRestoreService().open_saved_pis(typed)
