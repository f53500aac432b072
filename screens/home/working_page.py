"""Start work in the background from a page, one piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.screens.page import Page
from piwizard.screens.widgets.elapsed import Elapsed

if TYPE_CHECKING:
    from piwizard.screens.screen_service import ScreenService


class WorkingPage(Page):
    """A page that shows how long the work takes that its buttons started."""

    def __init__(self, service: ScreenService, *, kind: str) -> None:
        super().__init__(service, kind=kind)
        self.working = Elapsed()
        self.busy = False

    def begin(self, what: str) -> bool:
        """Say what begins; return False if something is at work already."""
        if self.busy:
            return False
        self.busy = True
        self.notify_line("")
        self.working.begin(what)
        return True

    def end(self, sentence: str = "", *, ok: bool = False) -> None:
        """Say how the work has ended; without a sentence, the page itself shows it."""
        self.busy = False
        self.working.end()
        if sentence:
            self.notify_line(sentence, "green" if ok else "yellow")
