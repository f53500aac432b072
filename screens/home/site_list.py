"""List the sites in one line each, and the row that adds one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from piwizard.screens.widgets.row_list import RowList
from piwizard.system.lazy_dataclass import dataclass

NARROW_COLUMNS = 70
ADD_SITE = "+ Add a site"


@dataclass(frozen=True)
class SiteRow:
    """A line about a site. `style` is that of the symbol."""

    name: str
    symbol: str
    style: str
    status: str
    address: str = ""
    version: str = ""
    https: str = ""


def _shortened(address: str, columns: int) -> str:
    """Return an address that fits: without its scheme, which the list shows as HTTPS, if that is enough."""
    if len(address) <= columns:
        return address
    address = address.partition("://")[2] or address
    return address if len(address) <= columns else f"{address[: columns - 1]}…"


class SiteList(RowList):
    """The sites. Enter opens one, or begins another."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "open", "open")]

    class SiteOpened(Message):
        """Enter was pressed on a site; "" is the row that adds one."""

        def __init__(self, site: str) -> None:
            super().__init__()
            self.site = site

    class Highlighted(Message):
        """Another site has been chosen."""

    def __init__(self) -> None:
        super().__init__(id="sites")
        self.rows: tuple[SiteRow, ...] = ()

    @property
    def chosen(self) -> str:
        """Return the site that is chosen; "" on the row that adds one."""
        return self.rows[self.active].name if self.active < len(self.rows) else ""

    @property
    def effect(self) -> str:
        """Return what Enter does, for the line of keys."""
        return "open" if self.chosen else "add a site"

    def show(self, rows: Sequence[SiteRow]) -> None:
        """Show these sites; the chosen one stays chosen."""
        before, known = self.chosen, bool(self.rows)
        self.rows = tuple(rows)
        names = [row.name for row in rows]
        self.active = names.index(before) if before in names else len(names) if known and not before else 0
        self.styles.height = len(rows) + 1
        self.changed()

    def count(self) -> int:
        return len(self.rows) + 1

    def heading(self) -> str:
        """Return the line over the list, with the same columns."""
        widths = self._widths()
        titles = ("Sites", "Status", "Address", "Version", "HTTPS") if len(widths) > 3 else ("Sites",)
        return "".join(set_cell_size(f" {title}", width) for title, width in zip(titles, widths, strict=False)).rstrip()

    def _widths(self) -> tuple[int, ...]:
        longest = max((len(row.name) for row in self.rows), default=0)
        if self.room < NARROW_COLUMNS:
            name = min(max(longest + 4, 13), self.room // 3)
            status = min(max((len(row.status) for row in self.rows), default=8) + 5, self.room - name - 14)
            return (name, status, self.room - name - status)
        name, status, version, https = min(max(longest + 4, 12), 20), 13, 14, 9
        return (name, status, self.room - name - status - version - https, version, https)

    def row(self, number: int) -> list[Segment]:
        if number >= len(self.rows):
            return [Segment(f"{'▸' if number == self.active else ' '} {ADD_SITE}")]
        row, widths = self.rows[number], self._widths()
        lead = f"{'▸' if number == self.active else ' '} {row.name}"
        pieces = [
            Segment(set_cell_size(lead, widths[0])),
            Segment(f" {row.symbol} ", Style.parse(row.style)),
        ]
        if len(widths) == 3:
            https = f"HTTPS {row.https}" if row.https else ""
            return [
                *pieces,
                Segment(set_cell_size(row.status, widths[1] - 3) if https else row.status),
                Segment(set_cell_size(f" {https}", widths[2]) if https else ""),
            ]
        _, status, address, version, tls = widths
        return [
            *pieces,
            Segment(set_cell_size(row.status, status - 3)),
            Segment(set_cell_size(f" {_shortened(row.address, address - 1)}", address)),
            Segment(set_cell_size(f" {row.version}", version)),
            Segment(set_cell_size(f" {row.https}", tls)),
        ]

    def activated(self) -> None:
        self.post_message(self.Highlighted())

    def action_open(self) -> None:
        self.post_message(self.SiteOpened(self.chosen))

    def clicked(self, *, again: bool) -> None:
        if again:
            self.action_open()
