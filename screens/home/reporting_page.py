"""Lay out a page whose content is text that scrolls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from textual.binding import Binding, BindingType

from piwizard.screens.home.working_page import WorkingPage
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.pending_text import PendingText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType
    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService


class ReportingPage(WorkingPage):
    """A page that shows what it has read as text, and has buttons below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.leave", "quit"),
        Binding("up", "scroll_body(-1)", "scroll", key_display="↑↓"),
        Binding("down", "scroll_body(1)", show=False),
    ]

    def __init__(self, service: ScreenService, *, kind: str) -> None:
        super().__init__(service, kind=kind)
        self.text = PendingText("Reading…")
        self._has_read = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.working

    def on_mount(self) -> None:
        self.read()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        if self._has_read:
            self.read()

    def read(self) -> None:
        """Read what the page shows, in the background, and give it to `show_text`."""
        raise NotImplementedError

    def show_text(self, *parts: RenderableType) -> None:
        """Show what was read, and the buttons that follow from it."""
        first, self._has_read = not self._has_read, True
        self.text.update(Group(*parts))
        self.start(partial(self._show_buttons, first=first), "buttons")

    async def _show_buttons(self, *, first: bool) -> None:
        wanted = self.buttons()
        shown = [(one.name, one.label) for one in self.actions.query(ActionButton)]
        name = self.focused.name if self.focused is not None else None
        if shown != list(wanted):
            await self.show_buttons(wanted)
        self.focus_button(wanted[-1][0] if first or name not in dict(wanted) else str(name))

    def ended(self, sentence: str, *, ok: bool) -> None:
        """Say how the work has ended, and read again."""
        self.end(sentence, ok=ok)
        self.read()

    def failed(self, sentence: str) -> None:
        """Say why the work has failed."""
        self.ended(sentence, ok=False)
