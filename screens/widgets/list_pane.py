"""Show a line of text over a folding list in a tab."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.log_model import Block


class ListPane(Vertical):
    """The base of the plan, the log and the checks of a step."""

    def __init__(self, name: str, folding_list: FoldingList | None = None) -> None:
        super().__init__(id=name, classes="pane")
        self.list = folding_list or FoldingList()
        self._text = Static(classes="pane-text", markup=False)
        self._said = ("", "")

    def compose(self) -> ComposeResult:
        yield self._text
        yield self.list

    def say(self, text: str, style: str = "") -> None:
        """Show a line over the list."""
        if (text, style) != self._said:  # else the whole screen would be arranged again
            self._said = text, style
            self._text.update(Text().append(text, style))

    def fill(self, text: str, style: str, blocks: list[Block]) -> None:
        """Show a line, and these blocks under it."""
        self.say(text, style)
        self.list.show(blocks)

    def focus_first(self) -> None:
        """Put the cursor into the list."""
        self.list.focus()
