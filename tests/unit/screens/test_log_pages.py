"""Test the pages of logs: the search line, and what a growing log costs."""

from __future__ import annotations

import gc

import pytest
from textual.app import App, ComposeResult

from piwizard.screens.home.app_log_page import AppLogPage
from piwizard.screens.home.run_log_page import RunLogPage
from piwizard.screens.page_stack import PageStack
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.log_model import Block
from piwizard.screens.widgets.log_pane import LogList, LogPane
from tests.unit.screens.conftest import opened

pytestmark = pytest.mark.asyncio
SEARCH = "text to find"


async def escape_closes_the_search(seen, page):
    await seen.until(lambda: isinstance(seen.app.screen, page))
    await seen.keys("slash")
    await seen.see(SEARCH)
    await seen.keys("n", "escape")
    await seen.gone(SEARCH)
    assert isinstance(seen.app.screen, page)
    await seen.keys("slash")
    await seen.see("Enter search")


async def test_escape_closes_the_search_in_a_run_log_before_its_page(site):
    async with opened(site) as seen:
        await seen.go_to("system")
        await seen.run()
        await seen.see("✓ System")
        await seen.app.navigator.open_log()
        await escape_closes_the_search(seen, RunLogPage)


async def test_escape_closes_the_search_in_an_app_log_before_its_page(site, monkeypatch):
    monkeypatch.setattr(ScreenService, "app_log", lambda self, site, after: (["first line"], "end"))
    async with opened(site, steps=False) as seen:
        await seen.app.navigator.open_app_log("myflask")
        await seen.see("first line")
        await escape_closes_the_search(seen, AppLogPage)


class Arranged(LogList):
    """A list that counts how often it asks for all widgets to be arranged again."""

    def __init__(self) -> None:
        super().__init__()
        self.arranged = 0

    def refresh(self, *regions, repaint=True, layout=False, recompose=False):
        self.arranged += layout
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class Alone(App[object]):
    """One widget, with scrollbars as in the app."""

    CSS = "RowList { scrollbar-size: 0 1; overflow-x: hidden; }"

    def __init__(self, widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


async def test_longer_log_is_drawn_without_arranging_the_page_again():
    shown = Arranged()
    async with Alone(shown).run_test(size=(40, 10)) as pilot:
        block = Block("make", open=True, lines=[(f"line {number}", "") for number in range(30)])
        shown.following = True
        shown.show([block])
        for _ in range(3):
            await pilot.pause()
        await pilot.pause()
        shown.arranged = 0
        block.add([(f"line {number}", "") for number in range(30, 60)])
        shown.grown()
        await pilot.pause()
        assert shown.arranged == 0
        assert shown.scroll_offset.y == shown.max_scroll_y > 30
        assert shown.vertical_scrollbar.window_virtual_size == 61
        assert "line 59" in "".join(shown.render_line(y).text for y in range(shown.size.height))


async def test_line_over_a_log_is_drawn_only_when_it_changes(monkeypatch):
    pane = LogPane()
    async with Alone(pane).run_test():
        pane.say("reading…")
        updates = []
        monkeypatch.setattr(pane._text, "update", updates.append)
        pane.say("reading…")
        pane.say("done")
        assert [str(one) for one in updates] == ["done"]


async def test_loaded_page_is_not_searched_for_garbage(folder):
    async with opened(folder, steps=False) as seen:
        loaded = await PageStack(seen.app, seen.app.service).load(lambda: ["a page"])
        assert not any(one is loaded for one in gc.get_objects())
        unfrozen = ["new"]
        assert any(one is unfrozen for one in gc.get_objects())
