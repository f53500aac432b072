"""List what an installation changes: places, changes, commands and diffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.log_model import Block
from piwizard.screens.widgets.plan_blocks import plan_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.setup.review import ReviewGroup

MIN_TITLE_COLUMNS = 15
CHANGE_INDENT = 3


class ReviewList(FoldingList):
    """Places that an installation changes.

    An open place lists its changes, each with its commands or its diff.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._groups: tuple[ReviewGroup, ...] = ()
        self._open: set[int] = set()
        self._places: dict[int, int] = {}
        """The group of each block that is a title of one."""

    def show_groups(self, groups: Sequence[ReviewGroup]) -> None:
        """Show these places, all closed."""
        self._groups, self._open = tuple(groups), set()
        self.show(self._blocks())

    @property
    def _title_columns(self) -> int:
        return max([MIN_TITLE_COLUMNS, *(len(group.title) for group in self._groups)])

    def _blocks(self) -> list[Block]:
        blocks: list[Block] = []
        self._places = {}
        columns = self._title_columns
        for number, group in enumerate(self._groups):
            opened = number in self._open
            self._places[len(blocks)] = number
            title = f"{'▾' if opened else '▸'} {group.title:<{columns}} {group.summary}"
            blocks.append(Block(title, foldable=False, indent=0))
            if group.edited and not opened:
                files = "1 existing file is" if group.edited == 1 else f"{group.edited} existing files are"
                line = f"{'':{columns + 3}}{files} edited; backups are kept"
                blocks.append(Block(line, "dim", foldable=False, indent=0))
            for instance, changes in group.plans if opened else ():
                for block in plan_blocks(instance, changes):
                    block.indent = CHANGE_INDENT
                    blocks.append(block)
        return blocks

    def action_open(self, wanted: bool) -> None:
        number = self._places.get(self.at(self.active)[0]) if self.blocks else None
        if number is None:
            super().action_open(wanted)
        elif (number in self._open) != wanted:
            self._open.symmetric_difference_update({number})
            self.blocks = self._blocks()
            self.grown()
            self.go_to(next(block for block, one in self._places.items() if one == number))

    def action_fold(self) -> None:
        number = self._places.get(self.at(self.active)[0]) if self.blocks else None
        if number is None:
            super().action_fold()
        else:
            self.action_open(number not in self._open)

    def clicked(self, *, again: bool) -> None:
        self.action_fold()

    def row(self, number: int) -> list[Segment]:
        segments = super().row(number)
        which, line = self.at(number)
        if line < 0 and which in self._places:
            width = 2 + self._title_columns
            text = "".join(segment.text for segment in segments)
            return [Segment(text[:width]), Segment(text[width:], Style(dim=True))]
        return segments
