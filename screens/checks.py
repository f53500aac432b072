"""The fourth tab: whether the step's result is there and works, seen now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from piwizard.screens.blocks import Block
from piwizard.screens.folds import Folds
from piwizard.screens.log_blocks import clean

if TYPE_CHECKING:
    from piwizard.machine.checks import Check


class Checks(Vertical):
    """The live looks of the chosen step."""

    def __init__(self) -> None:
        super().__init__(id="checks", classes="pane")

    def compose(self) -> ComposeResult:
        yield Static(id="checks-words", classes="words", markup=False)
        yield Folds(id="checks-folds")

    def wait(self) -> None:
        """The looks are being made."""
        self._say("Looking…", "dim", [])

    def refuse(self, sentence: str) -> None:
        """There is nothing to look at."""
        self._say(sentence, "yellow", [])

    def show(self, found: Iterable[Check]) -> None:
        """What was found."""
        blocks = [_block(check) for check in found]
        bad = sum(block.failed for block in blocks)
        if bad:
            self._say(f"{bad} of {len(blocks)} looks found something wrong.", "bold red", blocks)
        else:
            self._say("All is well." if blocks else "This step has nothing to look at.", "green", blocks)

    def _say(self, words: str, style: str, blocks: list[Block]) -> None:
        self.query_one("#checks-words", Static).update(Text(words, style))
        self.query_one(Folds).show(blocks)

    def focus_first(self) -> None:
        """The cursor goes to the looks."""
        self.query_one(Folds).focus()


def _block(check: Check) -> Block:
    sign, style = ("✓", "green") if check.ok else ("✗", "bold red")
    block = Block(f"{sign} {clean(check.name)}: {clean(check.detail)}", style, failed=not check.ok, open=not check.ok)
    if not check.ok:
        block.add([(clean(words), shade) for words, shade in ((check.cause, ""), (check.mend, "yellow")) if words])
    return block
