"""The fourth tab: whether the step's result is there and works, seen now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.screens.log.log_builder import clean
from piwizard.screens.log.log_model import Block
from piwizard.screens.widgets.folding_list import FoldingList

if TYPE_CHECKING:
    from piwizard.diagnosis.findings import Finding
    from piwizard.machine.checks import Check


MARGIN = 4
"""Cells beside a title: its indent, the sign that it folds, the scrollbar."""


class ChecksPane(Vertical):
    """The live looks of the chosen step."""

    def __init__(self) -> None:
        super().__init__(id="checks", classes="pane")
        self._found: tuple[Check, ...] = ()
        self._room = 0
        """Cells that a line had when the looks were put into lines."""

    def compose(self) -> ComposeResult:
        yield Static(id="checks-words", classes="words", markup=False)
        yield FoldingList(id="checks-folds")

    def wait(self) -> None:
        """The looks are being made."""
        self._say("Looking…", "dim")

    def refuse(self, sentence: str) -> None:
        """There is nothing to look at."""
        self._say(sentence, "yellow")

    def show(self, found: Iterable[Check]) -> None:
        """What was found."""
        looks = tuple(found)
        bad = sum(not look.ok for look in looks)
        if bad:
            self._say(f"{bad} of {len(looks)} looks found something wrong.", "bold red", looks)
        else:
            self._say("All is well." if looks else "This step has nothing to look at.", "green", looks)

    def on_resize(self) -> None:
        """Also when the tab is shown for the first time: before, a line has no room at all."""
        if self.query_one(FoldingList).size.width != self._room:
            self._fill()

    def _say(self, words: str, style: str, found: tuple[Check, ...] = ()) -> None:
        self.query_one("#checks-words", Static).update(Text(words, style))
        self._found = found
        self._fill()

    def _fill(self) -> None:
        folds = self.query_one(FoldingList)
        self._room = folds.size.width
        folds.show([check_block(look.name, look, self._room) for look in self._found])

    def focus_first(self) -> None:
        """The cursor goes to the looks."""
        self.query_one(FoldingList).focus()


def check_block(name: str, look: Check | Finding, room: int) -> Block:
    """One look: in one line where there is room for it; what is wrong always with its cause and its mend."""
    sign, style = ("✓", "green") if look.ok else ("✗", "bold red")
    title, detail = f"{sign} {clean(name)}", clean(look.detail)
    whole = f"{title}: {detail}"
    fits = cell_len(whole) < room - MARGIN
    block = Block(whole if fits else title, style, failed=not look.ok, open=not look.ok or not fits)
    if not fits:
        block.add([(detail, "")])
    if not look.ok:
        block.add([(clean(words), shade) for words, shade in ((look.cause, ""), (look.advice, "yellow")) if words])
    return block
