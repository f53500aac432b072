"""Start and quit the Textual app."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.filter import Monochrome, NoColor
from textual.geometry import Offset
from textual.widgets import Input

from piwizard.screens.background import collect_rarely, keep_loaded, run_in_thread, share_malloc_arena, start_worker
from piwizard.screens.controllers.address_controller import AddressController
from piwizard.screens.dialog import Dialog
from piwizard.screens.navigator import Navigator
from piwizard.screens.symbols import AsciiFilter, VisibleFilter, only_ascii
from piwizard.screens.widgets import scrollbar
from piwizard.system import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType
    from textual.filter import LineFilter
    from textual.screen import Screen

    from piwizard.screens.host_screen import HostScreen
    from piwizard.screens.screen_service import ScreenService

NO_COLOR = NoColor()
SHOW_CURSOR = "\x1b[?25h"
SECONDS_FOR_FIRST_PAGE = 0.05
"""Seconds to draw the first page before loading what the next ones need, which would delay it."""
ALWAYS_KEYS = ("ctrl+q", "ctrl+c")
"""Keys that leave, even from a dialog that has just opened."""
TERMINAL_LOST = 129
"""Exit code if the terminal is gone."""


@runtime_checkable
class HasCursor(Protocol):
    """A widget that knows where its cursor is."""

    @property
    def cursor_screen_offset(self) -> Offset:
        """Return the cell, counted from the top left of the screen."""


@runtime_checkable
class KeepsAnswers(Protocol):
    """A page with answers that may not be on disk yet."""

    async def flush_answers(self, *, cut_off: bool = False) -> None:
        """Save all answers; `cut_off` means that the connection was lost."""


class PiwizardApp(App[str]):
    """The app. It returns what to print in the terminal after it has quit."""

    TITLE = "piwizard"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False  # its keys, cursor and colors are not those of the other pages
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-usual"), (100, "-wide")]  # noqa: RUF012 — as the base class declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "quit"),
        Binding("ctrl+q,ctrl+c", "leave", "quit", show=False, priority=True),
        Binding("question_mark,ctrl+g,f1", "help", "help"),
        Binding("ctrl+p", "command_palette", "commands", priority=True),
        Binding("ctrl+l", "log", "log of the last run", show=False),
    ]

    def __init__(self, service: ScreenService, *, plain: bool | None = None) -> None:
        super().__init__()
        scrollbar.use_plain_bars()
        self.service = service
        self.machine = ""
        """What the first line of each page says of this machine, once it is known."""
        self._leaving = False
        self.navigator = Navigator(self, service)
        self._address = AddressController(
            service, lambda: self.front, typing=lambda: isinstance(self.screen.focused, Input)
        )
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

    @property
    def front(self) -> HostScreen:
        """Return the page in front, below any dialog."""
        from piwizard.screens.host_screen import HostScreen

        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, HostScreen))

    def get_default_screen(self) -> Screen[Any]:
        """Return the first page, so that the user can read while the rest loads."""
        return self.navigator.first_page()

    async def on_event(self, event: Event) -> None:
        """Drop keys that were typed before a dialog could be read."""
        if isinstance(event, Key) and isinstance(self.screen, Dialog) and event.key not in ALWAYS_KEYS:  # noqa: SIM102
            if self.screen.is_too_early(event):
                return
        await super().on_event(event)

    def on_mount(self) -> None:
        self.set_timer(SECONDS_FOR_FIRST_PAGE, lambda: start_worker(self, self._load_rest, "load"))
        self.set_interval(1, self._address.poll)
        self._show_cursor()
        self.app_resume_signal.subscribe(self, lambda _: self._show_cursor())
        if not self.is_headless:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hung_up)
            self.set_interval(2.0, self._check_terminal)

    async def _load_rest(self) -> None:
        """Load what the next pages need, and show a run that is in progress."""
        if run := self.service.under_way():
            await self.navigator.open_install(run)
        await run_in_thread(_load)
        keep_loaded()
        if not run and (run := await run_in_thread(self.service.starting)):
            await self.navigator.open_install(run)

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
        for screen in self.screen_stack:
            if isinstance(screen, KeepsAnswers):
                await screen.flush_answers(cut_off=cut_off)

    def _fatal_error(self) -> None:
        """Close the screen after an unexpected error; the command line reports it and keeps the traceback."""
        if self.is_headless:
            super()._fatal_error()
        else:
            self._close_messages_no_wait()

    async def action_leave(self) -> None:
        """Quit, and say that a run continues. Ask only while an address is on trial."""
        trial = self.service.trial()
        if trial is not None and not isinstance(self.screen, Dialog):
            from piwizard.screens.yes_no_dialog import YesNoDialog

            question = (
                f"{trial.host} is being tested for {trial.left} s more, then the old address returns. Quit anyway?"
            )
            self.push_screen(YesNoDialog(question, "Quit", "Stay"), self._leave_if)
        else:
            await self._leave()

    async def _leave_if(self, yes: bool | None) -> None:
        if yes:
            await self._leave()

    async def _leave(self) -> None:
        await self._save_answers()
        if self.service.under_way() or self.service.jobs():
            self.exit("The run continues. `piwizard` shows it again; `piwizard logs -f` follows it as plain text.")
        else:
            self.exit("Your answers are saved. Run `piwizard` to continue.")

    def action_help(self) -> None:
        """Show help for what has the focus, and its keys."""
        from piwizard.screens.help_page import HelpPage

        if not isinstance(self.screen, HelpPage):
            self.push_screen(HelpPage(self.screen))

    async def action_log(self) -> None:
        """Show the log of the current or the last run."""
        await self.navigator.open_log()

    def action_command_palette(self) -> None:
        """Open the list of all commands."""
        from piwizard.screens.palette_page import PalettePage

        if not isinstance(self.screen, (PalettePage, Dialog)):
            self.push_screen(PalettePage(self.service, list(self.get_system_commands(self.screen))))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the commands of the palette."""
        from piwizard.screens.palette_commands import commands

        return commands(self)

    def ask_about_address(self) -> None:
        """Ask again whether to keep the address on trial."""
        self._address.ask_again()

    def switch_colors(self) -> None:
        """Switch between the colors for a light and a dark terminal."""
        self.theme = "ansi-light" if self.theme == "ansi-dark" else "ansi-dark"


def _terminal_lost() -> bool:
    """Return whether the terminal is gone."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, select.POLLHUP)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def _load() -> None:
    """Import what the next pages need."""
    from piwizard.screens.home import run_log_page  # noqa: F401 — loaded behind the first page


def _light(colors: str) -> bool:
    """Return whether the background is light, by COLORFGBG: "0;15" is black on white."""
    return colors.rpartition(";")[2] in ("7", "15")


def run(answers: Path | None) -> int:
    """Open the screens; return the exit code. The terminal must be able to show them."""
    from piwizard.screens.screen_service import ScreenService

    if os.environ.get("TERM", "").startswith("vt"):
        os.environ.setdefault("NO_COLOR", "1")
    share_malloc_arena()
    collect_rarely()
    app = PiwizardApp(ScreenService(answers))
    message = app.run(mouse=not app.only_ascii)
    if app._exception is not None:
        raise app._exception
    if message:
        console.say(message)
    return app.return_code or 0
