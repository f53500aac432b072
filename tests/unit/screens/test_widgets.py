"""Test single widgets and pages, each in an app of its own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Offset

from piwizard.screens import dialog
from piwizard.screens.help_page import HelpPage
from piwizard.screens.home.keep_address import KeepAddressDialog
from piwizard.screens.home.site_page import ActionList
from piwizard.screens.machine_overview import titles
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.textual_app import PiwizardApp
from piwizard.screens.widgets.checks_pane import checks_summary
from piwizard.screens.widgets.editors import LineEditor
from piwizard.screens.widgets.multi_value import TableEditor
from piwizard.screens.widgets.run_outcome import RunOutcome
from piwizard.screens.widgets.setup_pane import _status_text


class Alone(App[object]):
    """One widget, or one page."""

    def __init__(self, widget=None):
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        if self.widget is not None:
            yield self.widget


@pytest.mark.asyncio
async def test_line_editor_cursor_is_where_the_next_character_goes():
    editor = LineEditor("")
    async with Alone(editor).run_test() as pilot:
        editor.focus()
        await pilot.pause()
        start = editor.content_region.offset
        assert editor.cursor_screen_offset == start
        await pilot.press("a", "b")
        assert editor.cursor_screen_offset == start + Offset(2, 0)
        await pilot.press("left")
        assert editor.cursor_screen_offset == start + Offset(1, 0)


@pytest.mark.parametrize(
    ("suggestion", "note"),
    [("app:app · app is a Flask app", "App is a Flask app. "), ("app:app-with-a-long-name", ""), ("app", "")],
)
@pytest.mark.asyncio
async def test_line_editor_shows_a_reason_only_where_it_is_hidden(suggestion, note):
    editor = LineEditor("", suggestion)
    editor.styles.width = 15
    async with Alone(editor).run_test() as pilot:
        editor.suggest(suggestion)
        await pilot.pause()
        assert editor.hidden_reason == note


@pytest.mark.asyncio
async def test_table_shows_late_suggestion():
    table = TableEditor({}, "", secrets=True)
    async with Alone(table).run_test() as pilot:
        table.suggest("SECRET_KEY = generated, 32 random characters")
        await pilot.pause()
        assert table._suggestion.display
        assert "SECRET_KEY" in str(table._suggestion.render())


@pytest.mark.asyncio
async def test_dialog_drops_keys_that_were_typed_before_it_could_be_read(monkeypatch, folder):
    trial = SimpleNamespace(host="192.168.1.230", left=143, before="192.168.1.197")
    service, answers = SimpleNamespace(trial=lambda: trial), []
    monkeypatch.setattr(dialog, "SECONDS_TO_READ_QUESTION", 60)
    async with PiwizardApp(ScreenService()).run_test() as pilot:
        await pilot.app.push_screen(KeepAddressDialog(service, trial), answers.append)
        await pilot.press("tab", "enter", "escape", "y", "k")
        assert answers == []
        monkeypatch.setattr(dialog, "SECONDS_TO_READ_QUESTION", -1)
        await pilot.press("enter")
        assert answers == [False], "the button that has the focus is the safe one"
        await pilot.app.push_screen(KeepAddressDialog(service, trial), answers.append)
        await pilot.press("tab", "enter")
        assert answers == [False, True]


@pytest.mark.asyncio
async def test_pages_scroll_to_their_end_and_back():
    async with Alone().run_test(size=(60, 12)) as pilot:
        page = HelpPage(pilot.app.screen)
        await pilot.app.push_screen(page)
        scroll = page.query_one(".page")
        await pilot.press("end")
        await pilot.pause()
        assert scroll.scroll_y == scroll.max_scroll_y > 0
        await pilot.press("home")
        await pilot.pause()
        assert scroll.scroll_y == 0


def test_failed_step_is_red_in_its_message_only():
    text = _status_text(None, "failed", RunOutcome("It broke.", "Fix it.", "make", lines=("a line",)))
    assert text.style == ""
    red = [text.plain[span.start : span.end] for span in text.spans if span.style == "bold red"]
    assert red == ["✗ ", "It broke."]


def test_titles_name_the_site_if_there_are_several():
    def instance(title, site=None):
        return SimpleNamespace(step=SimpleNamespace(title=title), site=site)

    assert titles([instance("nginx"), instance("App", "blog")]) == ["nginx", "App"]
    assert titles([instance("nginx"), instance("App", "blog"), instance("App", "wiki")]) == [
        "nginx",
        "App (blog)",
        "App (wiki)",
    ]


@pytest.mark.parametrize(
    ("passed", "failed", "text"),
    [(1, 0, "1 check passed."), (14, 0, "All 14 checks passed."), (43, 1, "1 problem, 43 checks passed."),
     (1, 2, "2 problems, 1 check passed.")],
)  # fmt: skip
def test_checks_are_counted(passed, failed, text):
    assert checks_summary([SimpleNamespace(ok=one < passed) for one in range(passed + failed)])[0] == text


@pytest.mark.asyncio
async def test_symbol_of_the_active_row_is_no_coloured_block():
    rows = ActionList((("one", "One", "first"), ("two", "Two", "second")))
    rows.row = lambda number: [Segment("✓", Style(color="green")), Segment(" online")]
    async with Alone(rows).run_test() as pilot:
        rows.focus()
        await pilot.pause()
        (_, active, _), *_ = rows.render_line(0)
        (_, other, _), *_ = rows.render_line(1)
        assert active.reverse
        assert active.color is None
        assert other.color == Style(color="green").color
