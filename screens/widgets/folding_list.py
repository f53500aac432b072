"""List blocks that open and close, for the log, the plan and the checks."""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType

from piwizard.screens.widgets.log_model import Block, LogPosition
from piwizard.screens.widgets.row_list import RowList


class FoldingList(RowList):
    """Blocks one below the other, each open or closed.

    `following` keeps the end in view as blocks grow.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "fold", "open, close"),
        Binding("right", "open(True)", "open", show=False),
        Binding("left", "open(False)", "close", show=False),
    ]

    ROWS_ABOVE = 3
    """Rows that stay in view above the one to go to."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.blocks: list[Block] = []
        self.following = False
        self._starts: list[int] = []
        self._total = 0

    def count(self) -> int:
        return self._total

    def show(self, blocks: list[Block]) -> None:
        """Show these blocks from the top."""
        self.blocks, self.active = blocks, 0
        self.grown()
        self.scroll_home(animate=False)

    def grown(self) -> None:
        """Draw the blocks again after their lines have changed."""
        starts, total = [], 0
        for block in self.blocks:
            starts.append(total)
            total += 1
            if block.open:
                total += len(block.rows(self._width(block)))
        self._starts, self._total = starts, total
        if self.following:
            self.active = max(0, total - 1)
        super().changed()
        if self.following and self.show_vertical_scrollbar:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        elif self.following:
            self.scroll_end(animate=False)  # once the scrollbar is there

    def changed(self) -> None:
        self.grown()

    @property
    def position(self) -> LogPosition:
        """Return the position in the log that the cursor is on."""
        if not self.blocks:
            return (0, -1)
        block, row = self.blocks[self.at(self.active)[0]], self.at(self.active)[1]
        return block.number, block.line_at(row, self._width(block)) if row >= 0 else -1

    def go_to_position(self, position: LogPosition) -> bool:
        """Show a position in the log. Return whether it is in this list."""
        number, line = position
        for at, block in enumerate(self.blocks):
            if block.number == number:
                row = block.row_of(line, self._width(block)) if line >= 0 else -1
                if row >= 0 or line < 0:
                    self.go_to(at, row)
                return row >= 0 or line < 0
        return False

    def at(self, row: int) -> tuple[int, int]:
        """Return the block of a row, and the index among its rows; -1 for the title."""
        number = bisect_right(self._starts, row) - 1
        return number, row - self._starts[number] - 1

    def go_to(self, block: int, line: int = -1) -> None:
        """Show a block, and one row of it."""
        if not 0 <= block < len(self.blocks):
            return
        self.following = False
        if line >= 0:
            self.blocks[block].open = True
        self.grown()
        self.go(self._starts[block] + 1 + line)
        # The rows before it explain it, and those that follow matter most.
        self.call_after_refresh(self.scroll_to, y=max(0, self.active - self.ROWS_ABOVE), animate=False)

    def row(self, number: int) -> list[Segment]:
        which, line = self.at(number)
        block = self.blocks[which]
        if line >= 0:
            rows = block.rows(self._width(block))
            text, style = rows[line] if line < len(rows) else ("", "")
            return [Segment(" " * (block.indent + 2) + text, Style.parse(style))]
        return self._title(block)

    def _title(self, block: Block) -> list[Segment]:
        fold = ("▾ " if block.open else "▸ ") if block.foldable and (block.lines or block.open) else "  "
        lead = " " * (block.indent - 1) + fold if block.indent else ""
        room = max(4, self.room - len(lead))
        title_room = block.title_room(room)
        title = block.title
        if cell_len(title) > title_room:
            title = set_cell_size(title, max(1, title_room - 1)) + "…"
        segments = [Segment(lead), Segment(title, Style.parse(block.style))]
        if block.right:
            gap = max(1, room - cell_len(title) - cell_len(block.right))
            segments += [Segment(" " * gap), Segment(block.right, Style.parse(block.right_style))]
        return segments

    def _width(self, block: Block) -> int:
        return max(8, self.room - block.indent - 2)

    def action_move(self, by: int) -> None:
        self.following = self.following and by > 0
        super().action_move(by)

    def action_page(self, by: int) -> None:
        self.following = self.following and by > 0
        super().action_page(by)

    def action_first(self) -> None:
        self.following = False
        super().action_first()

    def action_fold(self) -> None:
        if self.blocks:
            self.action_open(not self.blocks[self.at(self.active)[0]].open)

    def action_open(self, wanted: bool) -> None:
        if not self.blocks:
            return
        which, _ = self.at(self.active)
        block = self.blocks[which]
        if block.foldable and block.open != wanted:
            self.following = False
            block.open = wanted
            self.grown()
            self.go(self._starts[which])
