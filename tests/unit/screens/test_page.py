"""Test the frame that all pages share: the rail, the buttons and the line of keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual.app import App
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.widget import Widget

from piwizard.screens import page
from piwizard.screens.page import Page
from piwizard.screens.textual_app import PiwizardApp
from piwizard.screens.widgets.editors import LineEditor

pytestmark = pytest.mark.asyncio


class Sample(Page):
    """A page with a field and two buttons."""

    TITLE = "Set up a site"
    STAGE = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "review", "review"), Binding("x", "never", "never", show=False),
    ]  # fmt: skip
    done: ClassVar[list[str]] = []

    def body(self) -> Iterable[Widget]:
        yield LineEditor("", "a value")

    def buttons(self) -> Sequence[tuple[str, str]]:
        return (("back", "Back"), ("continue", "Continue"))

    def action_continue(self) -> None:
        self.done.append("continue")

    def action_review(self) -> None:
        self.done.append("review")

    def action_never(self) -> None:
        """Do nothing."""


class SampleApp(App[str]):
    CSS_PATH = Path(page.__file__).with_name("app.tcss")
    HORIZONTAL_BREAKPOINTS = PiwizardApp.HORIZONTAL_BREAKPOINTS

    def get_default_screen(self) -> Any:
        return Sample(None, kind="sample")  # type: ignore[arg-type]  # the page asks nothing


def lines(app: App[str]) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


async def test_page_shows_rail_buttons_and_keys() -> None:
    async with SampleApp().run_test(size=(80, 24)) as pilot:
        shown = lines(pilot.app)
        assert shown[0].startswith(" piwizard   Set up a site")
        assert shown[1] == " ✓ Your app ─── ● Address ─── ○ Review ─── ○ Install"
        assert any("[ Back ]  [ Continue ]" in line for line in shown)
        assert shown[-1].startswith(" Enter next field   Ctrl+R review   Esc back")
        assert "never" not in shown[-1]


async def test_rail_becomes_a_phrase_in_a_narrow_terminal() -> None:
    async with SampleApp().run_test(size=(60, 20)) as pilot:
        assert lines(pilot.app)[1] == " Step 2 of 4 · Address"


async def test_buttons_and_keys_of_the_line_can_be_clicked() -> None:
    Sample.done.clear()
    async with SampleApp().run_test(size=(80, 24)) as pilot:
        shown = lines(pilot.app)
        row = next(number for number, line in enumerate(shown) if "[ Continue ]" in line)
        await pilot.click(offset=Offset(shown[row].index("Continue"), row))
        await pilot.click(offset=Offset(shown[-1].index("review"), 23))
        await pilot.pause()
        assert Sample.done == ["continue", "review"]
