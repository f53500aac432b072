"""Test text from outside, and an app's values, in the screens."""

from __future__ import annotations

import asyncio

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Static

from piwizard.screens.screen_service import ScreenService
from piwizard.screens.symbols import VisibleFilter
from piwizard.screens.textual_app import PiwizardApp
from piwizard.screens.widgets.log_builder import LogBuilder
from piwizard.screens.widgets.multi_value import TableEditor, TableRow
from tests.unit.system.test_printable import HARMFUL, harmless

HOSTILE = f"x{''.join(HARMFUL)} [red]markup[/red]"


def test_filter_replaces_harmful_characters() -> None:
    segments = [Segment(HOSTILE), Segment("own", None, [(1,)]), Segment("tidy ✓")]
    shown = VisibleFilter().apply(segments, Color(0, 0, 0))
    assert harmless(shown[0].text)
    assert cell_len(shown[0].text) == sum(map(cell_len, HOSTILE))
    assert "[red]markup[/red]" in shown[0].text
    assert shown[1:] == segments[1:], "what Textual itself tells the terminal stays"


def test_filter_is_the_last_of_the_app() -> None:
    for plain in (True, False):
        filters = PiwizardApp(ScreenService(None), plain=plain).get_line_filters()
        assert isinstance(filters[-2 if plain else -1], VisibleFilter)


def test_log_shows_invisible_characters_of_a_name() -> None:
    log = LogBuilder()
    log.take([{"event": "change-started", "change": HOSTILE}, {"event": "note", "text": HOSTILE}])
    assert all(harmless(block.title) and "\\x1b[2J" in block.title for block in log.blocks)


class Screen(App[None]):
    """An app with only the table of app.env."""

    def compose(self) -> ComposeResult:
        yield Static("above", markup=False)
        yield TableEditor({"THING": "hunter2", "KEY": {"asked": True}}, "", secrets=True)


def test_values_of_app_are_masked_until_edited() -> None:
    async def edit_value() -> None:
        async with Screen().run_test() as pilot:
            row = pilot.app.query(TableRow).first()
            assert row._value.password
            row._value.focus()
            await pilot.press("3")
            assert (row._value.value, row._value.password) == ("hunter23", False)
            row._named.focus()
            await pilot.pause()
            assert row._value.password
            assert row.setting() == "hunter23"

    asyncio.run(edit_value())
