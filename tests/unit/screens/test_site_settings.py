"""Test that a site is changed, undone and removed in place, without the pages of its setup."""

from __future__ import annotations

import threading

import pytest

from piwizard.screens.screen_service import ScreenService
from piwizard.screens.setup.variable_field import VariableField
from piwizard.setup import workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.setup.undo_preview import UndoPreview
from piwizard.system.app_data import Contents
from tests.unit.screens import fake_cases, fake_pi
from tests.unit.screens.conftest import opened
from tests.unit.screens.test_setup_pages import nothing_is_looked_up  # noqa: F401 — a fixture

pytestmark = pytest.mark.asyncio


@pytest.fixture
def photos(folder, monkeypatch):
    """Return a fake Pi with photos set up at home."""
    fake_cases.code(folder, monkeypatch, app=fake_cases.WEATHER)
    more = 'env = { WEATHER_API_KEY = "abc" }\n[sites.photos.tls]\nhttps = false\n'
    fake_cases.write_answers(folder, fake_cases.SITE.format(name="photos", domain="raspberrypi.local", more=more))
    for step in ("system", "nginx"):
        fake_pi.remember(folder, step)
    for step in fake_cases.DONE:
        fake_pi.remember(folder, step, "photos")
    monkeypatch.setattr(ScreenService, "refresh_overview", ScreenService.saved_overview)
    return folder


async def test_one_setting_is_changed_on_one_page_and_reviewed(photos):
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_settings("photos")
        await seen.see("photos · Settings")
        await seen.see("Only devices on my home network")
        await seen.until(lambda: seen.app.screen.focused)
        field = seen.app.screen.field("app.branch")
        field.query_one("LineEditor").focus()
        await seen.type("devel")
        await seen.keys("enter")
        await seen.until(lambda: AnswerStore().get("photos", "app.branch") == "devel")
        await seen.see("Review changes")
        await seen.press("continue")
        await seen.see("Ready to install")


async def test_required_variable_is_shown_in_the_settings(photos):
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_settings("photos")
        await seen.see("photos · Settings")
        await seen.until(lambda: seen.app.screen.focused)
        await seen.app.screen.reveal("app.env.WEATHER_API_KEY")
        await seen.see("WEATHER_API_KEY")


async def test_environment_is_offered_once_its_fields_are_known(photos, monkeypatch):
    read, page_content = threading.Event(), ScreenService.page_content

    def slowly(self, *words):
        read.wait(60)
        return page_content(self, *words)

    monkeypatch.setattr(ScreenService, "page_content", slowly)
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_settings("photos")
        page = seen.app.screen
        assert not page.variables.display
        read.set()
        await seen.until(lambda: page.variables.display)
        await page.variables.open()
        assert page.query(VariableField)


async def test_site_is_removed_in_place_and_its_data_kept_unless_chosen(photos, monkeypatch):
    wiped = []
    data = Contents(photos / "data", 3, 4096)
    preview = UndoPreview("photos", None, "Remove photos", ("Files removed: /x",), ("photos",), data)
    monkeypatch.setattr(ScreenService, "preview_undo", lambda self, site, step: preview)
    start = ScreenService.start_undo

    def started(self, preview, *, wipe):
        wiped.append(wipe)
        return start(self, UndoPreview("photos", None, "", (), (), None), wipe=False)

    monkeypatch.setattr(ScreenService, "start_undo", started)
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_removal("photos")
        await seen.see("photos goes offline.")
        await seen.until(lambda: seen.app.screen.focused and seen.app.screen.focused.name == "back")
        assert "Keep" in seen.text()
        await seen.press("undo")
        await seen.until(lambda: AnswerStore().sites() == [], "the answers to be gone")
        assert wiped == [False]
        assert workspace.state().entry("app", "photos") is None


async def test_undo_of_a_step_that_others_need_is_explained_and_not_offered(photos):
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_removal("photos", "app")
        await seen.see("would stop working")
        assert "[ Undo ]" not in seen.text()


async def test_undo_of_a_step_runs_in_place(photos):
    async with opened(photos, steps=False) as seen:
        await seen.app.navigator.open_undo("photos")
        await seen.see("Undo restores the files")
        await seen.until(lambda: seen.app.screen.steps.actions)
        await seen.keys("enter")
        await seen.see("?")
        await seen.press("undo")
        await seen.until(lambda: workspace.state().entry("site", "photos") is None, "the step to be undone")
