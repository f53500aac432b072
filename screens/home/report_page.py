"""Show the report for people who help, and write it after a look at it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from piwizard.screens.page import Page
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.log_model import Block
from piwizard.screens.widgets.pending_text import PendingText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService

INTRODUCTION = "Secrets, names and addresses are removed. Nothing is sent: piwizard only writes a file."


class ReportPage(Page):
    """The files of the report, each of which opens. It is written only from here."""

    TITLE = "Report for a helper"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="report-page")
        self.text = PendingText("Collecting the report…")
        self.files = FoldingList(id="report-files")
        self.texts: Sequence[tuple[str, str]] = ()
        self._written = False

    def body(self) -> Iterable[Widget]:
        yield self.text
        yield self.files

    def buttons(self) -> Sequence[tuple[str, str]]:
        if not self.texts or self._written:
            return (("back", "Back"),)
        return (("back", "Back"), ("write", "Write the report"))

    def on_mount(self) -> None:
        self.call_after_refresh(self.focus_button, "back")
        self.read_for(self.text, self.service.report_texts, self._show, group="report")

    def _show(self, texts: Sequence[tuple[str, str]]) -> None:
        self.texts = texts
        self.text.update(Text(f"{INTRODUCTION}\n"))
        self.files.show(
            [
                Block(clean(name), right=_length(text), lines=[(clean(line), "") for line in text.splitlines()])
                for name, text in texts
            ]
        )
        self.start(self._show_buttons, "buttons")

    async def _show_buttons(self) -> None:
        await self.show_buttons(self.buttons())
        self.focus_button(self.buttons()[-1][0])

    def action_write(self) -> None:
        """Write the file."""
        if not self._written:
            self.run_in_background(partial(self.service.write_report, self.texts), self._wrote, group="write")

    def _wrote(self, path: Path) -> None:
        self._written = True
        self.notify_line(f"The report is in {path}. Read it before you send it to anyone.", "green")
        self.start(self._show_buttons, "buttons")


def _length(text: str) -> str:
    count = len(text.splitlines())
    return "1 line" if count == 1 else f"{count:,} lines"
