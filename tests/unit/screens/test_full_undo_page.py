"""Test that everything is undone from the screens, after a question that names it."""

from __future__ import annotations

import pytest

from piwizard.screens.home.confirm_full_undo import ConfirmFullUndoPage
from piwizard.screens.screen_service import ScreenService
from piwizard.setup import workspace
from piwizard.setup.full_undo import FullUndo
from piwizard.system.app_data import Contents
from tests.unit.screens import fake_pi
from tests.unit.screens.conftest import assert_cursor_is_on_each_focused_widget, opened

pytestmark = pytest.mark.asyncio


@pytest.fixture
def set_up(site, monkeypatch):
    """Return a fake Pi with one step done, and the arguments of each start."""
    fake_pi.remember(site, "app", "myflask")
    data = {"myflask": Contents(site / "data", 3, 4096)}
    preview = FullUndo(
        (("app", "myflask"),), ("myflask",), ("Files removed: /x",), ("myflask",), data, ("nginx", "git")
    )
    started = []
    start = ScreenService.start_full_undo

    def record(self, preview, *, wipe, packages):
        started.append((wipe, packages))
        return start(self, preview, wipe=(), packages=False)

    monkeypatch.setattr(ScreenService, "preview_full_undo", lambda self: preview)
    monkeypatch.setattr(ScreenService, "start_full_undo", record)
    return site, started


async def ask(seen):
    await seen.app.navigator.open_undo("myflask")
    await seen.press("everything")
    await seen.until(lambda: isinstance(seen.app.screen, ConfirmFullUndoPage))
    await seen.see("myflask goes offline.")
    await seen.until(lambda: seen.app.screen.focused and seen.app.screen.focused.name == "back")


async def test_everything_is_undone_and_kept_unless_chosen(set_up):
    folder, started = set_up
    async with opened(folder, steps=False) as seen:
        await ask(seen)
        for words in ("Files removed: /x", "Keep", "data (3 files", "nginx, git", "Answers and secrets stay"):
            assert words in seen.text()
        await seen.press("undo")
        await seen.until(lambda: workspace.state().entry("app", "myflask") is None, "the step to be undone")
        assert started == [((), False)]


async def test_enter_on_the_question_undoes_nothing(set_up):
    folder, started = set_up
    async with opened(folder, steps=False) as seen:
        await ask(seen)
        await assert_cursor_is_on_each_focused_widget(seen)
        await seen.keys("enter")
        await seen.until(lambda: not isinstance(seen.app.screen, ConfirmFullUndoPage))
        assert started == []
        assert workspace.state().entry("app", "myflask") is not None


async def test_chosen_data_and_packages_are_deleted(set_up):
    folder, started = set_up
    async with opened(folder, steps=False) as seen:
        await ask(seen)
        page = seen.app.screen
        for choice in (page.data["myflask"], page.packages):
            choice.focus()
            await seen.keys("down", "space")
        await seen.press("undo")
        await seen.until(lambda: started)
        assert started == [(("myflask",), True)]
