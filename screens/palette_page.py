"""Find and run any command by its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from piwizard.screens.closing import close
from piwizard.screens.page import Page
from piwizard.screens.widgets.editors import LineEditor
from piwizard.screens.widgets.row_list import RowList

if TYPE_CHECKING:
    from textual.app import SystemCommand
    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService

TITLE_COLUMN = 38


class CommandList(RowList):
    """Commands with an explanation, one a line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "run", "run")]

    class CommandChosen(Message):
        """Enter was pressed on a command."""

    def __init__(self) -> None:
        super().__init__(id="command-list")
        self.commands: list[SystemCommand] = []

    def show(self, commands: list[SystemCommand]) -> None:
        """Show these commands, the first one active."""
        self.commands, self.active = commands, 0
        self.changed()

    def count(self) -> int:
        return len(self.commands)

    def row(self, number: int) -> list[Segment]:
        title, explanation, *_ = self.commands[number]
        width = min(TITLE_COLUMN, self.room // 2)
        return [Segment(set_cell_size(f" {title}", width), Style(bold=True)), Segment(f" {explanation}")]

    def action_run(self) -> None:
        self.post_message(self.CommandChosen())

    def clicked(self, *, again: bool) -> None:
        self.action_run()


class PalettePage(Page):
    """All commands, filtered by what is typed. Enter runs the first one."""

    TITLE = "Commands"

    def __init__(self, service: ScreenService, commands: Sequence[SystemCommand]) -> None:
        super().__init__(service, kind="palette")
        self.all_commands = list(commands)
        self.found = CommandList()

    def body(self) -> Iterable[Widget]:
        editor = LineEditor("", "type a part of a command")
        editor.effect = "run the first"
        yield editor
        yield self.found

    def on_mount(self) -> None:
        self.found.show(self.all_commands)
        self.query_one(LineEditor).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        self.found.show(
            [one for one in self.all_commands if all(word in f"{one[0]} {one[1]}".casefold() for word in words)]
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._run()

    def on_command_list_command_chosen(self, event: CommandList.CommandChosen) -> None:
        self._run()

    def _run(self) -> None:
        if self.found.commands:
            command = self.found.commands[self.found.active]
            close(self)
            self.app.call_later(command[2])
