"""The second tab: what would be done, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.screens.log.log_model import Block
from piwizard.screens.panes.plan_blocks import counted, plan_blocks
from piwizard.screens.widgets.folding_list import FoldingList

if TYPE_CHECKING:
    from piwizard.setup.run_request import Plans


class PlanPane(Vertical):
    """The changes of the chosen step, each with its diff or its commands."""

    def __init__(self) -> None:
        super().__init__(id="plan", classes="pane")

    def compose(self) -> ComposeResult:
        yield Static(id="plan-words", classes="words", markup=False)
        yield FoldingList(id="plan-folds")

    def wait(self) -> None:
        """It is being worked out."""
        self._say("Working out what would be done…", "dim", [])

    def refuse(self, sentence: str) -> None:
        """It cannot be worked out."""
        self._say(sentence, "yellow", [])

    def show(self, plans: Plans) -> None:
        """The plan."""
        blocks: list[Block] = []
        wanted = 0
        for place, changes in plans:
            blocks += plan_blocks(place, changes)
            wanted += sum(not one.preview.holds for one in changes)
        if wanted:
            self._say(
                f"{counted(wanted)[0].upper()}{counted(wanted)[1:]}. Nothing is done before you say yes.", "", blocks
            )
        else:
            self._say("Nothing to change: everything is so already.", "green", blocks)

    def _say(self, words: str, style: str, blocks: list[Block]) -> None:
        self.query_one("#plan-words", Static).update(Text(words, style))
        self.query_one(FoldingList).show(blocks)

    def focus_first(self) -> None:
        """The cursor goes to the changes."""
        self.query_one(FoldingList).focus()
