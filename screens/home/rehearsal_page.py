"""Rehearse the setup in a throwaway copy of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.closing import close
from piwizard.screens.page import Page
from piwizard.screens.widgets.elapsed import Elapsed
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.log_builder import LogBuilder
from piwizard.screens.widgets.state_rows import StateRow, state_rows
from piwizard.screens.yes_no_dialog import YesNoDialog

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.rehearsal_process import RehearsalProcess
    from piwizard.screens.screen_service import ScreenService

INTRODUCTION = "piwizard sets up a sample app in a copy of this machine. Nothing changes on this Pi."
REHEARSING, REMOVING = "Rehearsing", "Removing the copy"
STOP = "Stop the rehearsal? Its copy of this machine is removed."
POLLS_PER_SECOND = 4


class RehearsalPage(Page):
    """A rehearsal, which starts at once: its log, then the result of its checks."""

    TITLE = "Rehearsal"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="rehearsal-page")
        self.text = Static(Text(INTRODUCTION), markup=False)
        self.working = Elapsed()
        self.log_list = FoldingList(id="rehearsal-log")
        self.process: RehearsalProcess | None = None
        self._builder = LogBuilder()
        self._closes_at_end = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.working
        yield self.log_list

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.process is not None:
            return (("stop", "Stop…"),)
        return (("back", "Back"), ("again", "Rehearse again"))

    def on_mount(self) -> None:
        self.set_interval(1 / POLLS_PER_SECOND, self._poll)
        self.action_again()

    def on_unmount(self) -> None:
        """Let the copy be removed if the screens close."""
        if self.process is not None:
            self.process.stop()

    def action_again(self) -> None:
        """Start a rehearsal."""
        if self.process is None:
            self.process = process = self.service.rehearsal()
            self._builder = LogBuilder()
            self.text.update(Text(INTRODUCTION))
            self.log_list.show(self._builder.blocks)
            self.log_list.following = True
            self.working.begin(REHEARSING)
            self.start(self._show_buttons, "buttons")
            self.run_in_background(process.run, lambda _: self._ended(process), group="run", refused=self._refused)

    async def _show_buttons(self) -> None:
        await self.show_buttons(self.buttons())
        self.focus_button(self.buttons()[0][0])

    def _poll(self) -> None:
        if self.process is not None and (events := self.process.new_events()):
            self._builder.take(events)
            self.log_list.grown()

    def _refused(self, sentence: str) -> None:
        self.process = None
        self.working.end()
        self.notify_line(sentence)
        self.start(self._show_buttons, "buttons")

    def _ended(self, process: RehearsalProcess) -> None:
        self._poll()
        self.process = None
        self.working.end()
        if self._closes_at_end:
            close(self)
            return
        self.text.update(state_rows(result_rows(process)))
        self.start(self._show_buttons, "buttons")

    def action_stop(self) -> None:
        """Ask whether to stop it."""
        self._ask_to_stop(closing=False)

    def action_back(self) -> None:
        """Return to the page below, after the copy of this machine was removed."""
        if self.process is None:
            super().action_back()
        else:
            self._ask_to_stop(closing=True)

    def _ask_to_stop(self, *, closing: bool) -> None:
        def answered(yes: bool | None) -> None:
            if yes and self.process is not None:
                self._closes_at_end = closing
                self.working.begin(REMOVING)
                self.process.stop()
            elif yes and closing:
                close(self)

        self.app.push_screen(YesNoDialog(STOP, "Stop", "Continue"), answered)


def result_rows(process: RehearsalProcess) -> list[StateRow]:
    """Return the result of a rehearsal, the checks that failed last."""
    if process.ok is None:
        return [("!", "Not finished", "The copy was removed; nothing has changed on this Pi.")]
    if process.ok:
        passed = "1 check" if process.passed == 1 else f"All {process.passed} checks"
        return [("✓", "Works here", f"{passed} passed in the copy, which was removed.")]
    failed = [("✗", "Failed", one) for one in process.failed_checks]
    return failed or [("✗", "Failed", "The setup did not end in the copy. The log says why.")]
