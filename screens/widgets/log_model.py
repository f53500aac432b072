"""Keep lines in foldable blocks, for a log, a plan or checks.

Only the newest lines are kept in memory; the file has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from itertools import islice

from rich.cells import cell_len, chop_cells

from piwizard.system.lazy_dataclass import dataclass

KEPT_BLOCK_LINES = 2000
MAX_BLOCK_LINES = KEPT_BLOCK_LINES * 5 // 4
"""A block with more lines drops the oldest."""
MAX_LINES = 20_000
MAX_BLOCKS = 2000

Line = tuple[str, str]
"""A text and its style."""
LogPosition = tuple[int, int]
"""A position in a log: the number of a block's event, and which of its lines, from 0; -1 for its title."""


@dataclass(eq=False)
class Block:
    """A title and the lines under it.

    `right` is shown at the end of the title's row; `failed` marks an error.
    """

    title: str
    style: str = ""
    right: str = ""
    right_style: str = ""
    lines: list[Line] = field(default_factory=list)
    foldable: bool = True
    open: bool = False
    indent: int = 1
    failed: bool = False
    step: tuple[str, str | None] | None = None
    number: int = 0
    """The number of the event that began it; lines of output are not counted."""
    dropped: int = 0
    _rows: list[Line] = field(default_factory=list, repr=False)
    _width: int = -1

    def add(self, lines: Iterable[Line]) -> int:
        """Append lines; return by how many the block has grown."""
        before = len(self.lines)
        new = list(lines)
        self.lines += new
        if len(self.lines) > MAX_BLOCK_LINES:
            self.drop(len(self.lines) - KEPT_BLOCK_LINES)
        elif self._width > 0:
            for line in new:
                self._rows += wrap(line, self._width)
        return len(self.lines) - before

    def drop(self, number: int) -> int:
        """Drop the oldest lines; return how many were dropped."""
        number = min(number, len(self.lines))
        del self.lines[:number]
        self.dropped += number
        self._width = -1
        return number

    def rows(self, width: int) -> list[Line]:
        """Return what is visible when the block is open, in rows of this width."""
        if width != self._width:
            self._width = width
            self._rows = self._lead(width)
            for line in self.lines:
                self._rows += wrap(line, width)
        return self._rows

    def _lead(self, width: int) -> list[Line]:
        """Return the rows before the lines: a long title, and a note about dropped lines."""
        rows = wrap((self.title, self.style), width) if cell_len(self.title) > self.title_room(width) else []
        if self.dropped:
            rows.append((f"… {self.dropped} earlier lines are in the file", "dim"))
        return rows

    def row_of(self, line: int, width: int) -> int:
        """Return the row in which a line begins; -1 if the line is not in memory."""
        before = self.lines[: line - self.dropped] if 0 <= line - self.dropped < len(self.lines) else None
        return -1 if before is None else len(self._lead(width)) + sum(len(wrap(one, width)) for one in before)

    def line_at(self, row: int, width: int) -> int:
        """Return the line that a row shows; -1 for the rows before the lines."""
        row -= len(self._lead(width))
        line = self.dropped - 1
        for one in self.lines:
            if row < 0:
                break
            row -= len(wrap(one, width))
            line += 1
        return line if line >= self.dropped else -1

    def copy(self) -> Block:
        """Return a copy that does not change when this block grows."""
        return replace(self, lines=list(self.lines), _rows=[], _width=-1)

    def title_room(self, width: int) -> int:
        """Return the cells that the title may fill."""
        return width - (cell_len(self.right) + 1 if self.right else 0)


def wrap(line: Line, width: int) -> list[Line]:
    """Return a line in pieces that fit the width."""
    text, style = line
    text = text.expandtabs(4)
    if text.isascii():
        if len(text) <= width:
            return [(text, style)]
        return [(piece, style) for piece in _at_spaces(text, width)]
    return [(piece, style) for piece in chop_cells(text, width)]


def _at_spaces(text: str, width: int) -> Iterator[str]:
    """Yield pieces that end at a space if there is one near."""
    while len(text) > width:
        space = text.rfind(" ", width * 2 // 3, width + 1)
        cut = width if space < 0 else space
        yield text[:cut]
        text = text[cut:].removeprefix(" ") if space >= 0 else text[cut:]
    yield text


def too_many(blocks: list[Block], kept: int) -> bool:
    """Return whether there are more blocks or lines than are kept in memory."""
    return kept > MAX_LINES or len(blocks) > MAX_BLOCKS


def thin(blocks: list[Block], kept: int) -> int:
    """Drop lines of the oldest blocks if too many; return how many are kept."""
    if kept > MAX_LINES:
        for block in islice(blocks, len(blocks) - 1):
            kept -= block.drop(len(block.lines))
            if kept <= MAX_LINES * 3 // 4:
                break
    if len(blocks) > MAX_BLOCKS:
        del blocks[: MAX_BLOCKS // 4]
        kept = sum(len(block.lines) for block in blocks)
    return kept
