"""Show the whole log of a run, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from piwizard.screens.controllers.run_monitor import RunMonitor
from piwizard.screens.page import Page
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.screens.widgets.log_pane import LogPane

if TYPE_CHECKING:
    from piwizard.screens.screen_service import ScreenService

POLLS_PER_SECOND = 5


class RunLogPage(Page):
    """The log of a run, over the whole width."""

    TITLE = "Run log"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService, run: str, search: bool = False) -> None:
        super().__init__(service, kind="run-log")
        self.monitor = RunMonitor(service)
        self.run_id = run
        self.log_pane = LogPane()
        self._search = search

    def compose(self) -> ComposeResult:
        yield self.rail
        yield self.log_pane
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.notify_line("")
        live = self.service.under_way() == self.run_id
        self.log_pane.show(self.monitor.started(self.run_id), live=live)
        self.log_pane.focus_first()
        if self._search:
            self.call_after_refresh(self.log_pane.action_search)
        self.set_interval(1 / POLLS_PER_SECOND, self.poll)
        self.poll()

    def poll(self) -> None:
        """Show what is new in the log."""
        if self.alive:
            self.log_pane.update_reading()
            if self.monitor.poll().grown:
                self.log_pane.grown()
