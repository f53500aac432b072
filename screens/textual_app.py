"""Start and quit the Textual app."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.geometry import Offset

from piwizard.screens.background import run_in_thread, share_malloc_arena, start_worker
from piwizard.screens.symbols import AsciiFilter, VisibleFilter, only_ascii
from piwizard.screens.widgets import scrollbar
from piwizard.system import console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from rich.console import RenderableType
    from textual.filter import LineFilter
    from textual.screen import Screen

    from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage
    from piwizard.screens.screen_service import ScreenService

NO_COLOR = NoColor()
SHOW_CURSOR = "\x1b[?25h"
SECONDS_FOR_FIRST_PAGE = 0.05
"""Seconds to draw the first page before loading the main screen, which would delay it."""
TERMINAL_LOST = 129
"""Exit code if the terminal is gone."""


@runtime_checkable
class HasCursor(Protocol):
    """A widget that knows where its cursor is."""

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell, counted from the top left of the screen."""


class PiwizardApp(App[str]):
    """The app. It returns what to print in the terminal after it has quit."""

    TITLE = "piwizard"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-usual"), (100, "-wide")]  # noqa: RUF012 — as the base class declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", show=False),
        Binding("ctrl+q,ctrl+c", "leave", show=False, priority=True),
        Binding("question_mark", "help", show=False),
        Binding("t", "switch_colors", show=False),
    ]

    def __init__(self, service: ScreenService, *, plain: bool | None = None) -> None:
        super().__init__()
        scrollbar.use_plain_bars()
        self.service = service
        self._leaving = False
        self._first: WelcomePage | WelcomeBackPage | None = None
        self.only_ascii = only_ascii(os.environ) if plain is None else plain
        self._last = [VisibleFilter(), *([AsciiFilter()] if self.only_ascii else [])]
        self.theme = "ansi-light" if _light(os.environ.get("COLORFGBG", "")) else "ansi-dark"

    def get_line_filters(self) -> Sequence[LineFilter]:
        # NO_COLOR: the terminal's own two colors, where Textual by itself would use grays.
        filters = [NO_COLOR if isinstance(one, Monochrome) else one for one in super().get_line_filters()]
        return [*filters, *self._last]

    @property
    def cursor_position(self) -> Offset:
        """Return the cell for the terminal's cursor, as the focused widget says."""
        focused = self.screen.focused if self._screen_stack else None
        return focused.cursor_screen_offset if isinstance(focused, HasCursor) else Offset(0, 0)

    @cursor_position.setter
    def cursor_position(self, offset: Offset) -> None:
        """Ignore Textual's Input, which also sets it while it has no focus."""

    def get_default_screen(self) -> Screen[Any]:
        """Return the first page, so that the user can read while the rest loads."""
        from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage

        self._first = WelcomePage() if self.service.first_visit() else WelcomeBackPage()
        return self._first

    def on_mount(self) -> None:
        self.set_timer(SECONDS_FOR_FIRST_PAGE, lambda: start_worker(self, self._open_main, "main"))
        self._show_cursor()
        self.app_resume_signal.subscribe(self, lambda _: self._show_cursor())
        if not self.is_headless:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hung_up)
            self.set_interval(2.0, self._check_terminal)

    async def _open_main(self) -> None:
        """Load the main screen, which takes longer, behind the first page."""
        main = await run_in_thread(_main)
        first = self._first
        with self.batch_update():
            await self.push_screen(main.MainScreen(self.service, None if first is None or first.read else type(first)))
        gc.freeze()  # what is loaded stays: searching it for garbage would delay keys

    def _show_cursor(self) -> None:
        """Show the terminal's own cursor on the active row: braille displays and screen readers follow it."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(SHOW_CURSOR)

    def _check_terminal(self) -> None:
        """Notice a connection that was lost without a signal."""
        if _terminal_lost():
            self._hung_up()

    def panic(self, *renderables: RenderableType) -> None:
        """Handle a terminal that cannot be read: if it is gone, save the answers first."""
        if _terminal_lost():
            self._hung_up()
        else:
            super().panic(*renderables)

    def _hung_up(self) -> None:
        """Save what was typed, then quit, since the terminal is gone. A run continues."""
        if not self._leaving:
            self._leaving = True
            start_worker(self, self._quit, "leave")

    async def _quit(self) -> None:
        await self._save_answers(cut_off=True)
        os._exit(TERMINAL_LOST)

    async def _save_answers(self, *, cut_off: bool = False) -> None:
        from piwizard.screens.main_screen import MainScreen

        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                await screen.answers.flush(cut_off=cut_off)

    def _fatal_error(self) -> None:
        """Close the screen after an unexpected error; the command line reports it and keeps the traceback."""
        if self.is_headless:
            super()._fatal_error()
        else:
            self._close_messages_no_wait()

    async def action_leave(self) -> None:
        """Quit at once, and say that a run continues."""
        await self._save_answers()
        if self.service.under_way() or self.service.jobs():
            self.exit("The run continues. `piwizard` shows it again; `piwizard logs -f` follows it as plain text.")
        else:
            self.exit("Your answers are saved. Run `piwizard` to continue.")

    def action_help(self) -> None:
        """Show all keys."""
        from piwizard.screens.pages.help_page import HelpPage

        if not isinstance(self.screen, HelpPage):
            self.push_screen(HelpPage())

    def action_switch_colors(self) -> None:
        """Switch between the colors for a light and a dark terminal."""
        self.theme = "ansi-light" if self.theme == "ansi-dark" else "ansi-dark"


def _terminal_lost() -> bool:
    """Return whether the terminal is gone."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, select.POLLHUP)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def _main() -> ModuleType:
    from piwizard.screens import main_screen

    return main_screen


def _light(colors: str) -> bool:
    """Return whether the background is light, by COLORFGBG: "0;15" is black on white."""
    return colors.rpartition(";")[2] in ("7", "15")


def run(answers: Path | None) -> int:
    """Open the screens; return the exit code. The terminal must be able to show them."""
    from piwizard.screens.screen_service import ScreenService

    if os.environ.get("TERM", "").startswith("vt"):
        os.environ.setdefault("NO_COLOR", "1")
    share_malloc_arena()
    app = PiwizardApp(ScreenService(answers))
    message = app.run(mouse=not app.only_ascii)
    if app._exception is not None:
        raise app._exception
    if message:
        console.say(message)
    return app.return_code or 0
