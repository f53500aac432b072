"""Put states into rows: a symbol, a label, and a value that wraps below itself."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from piwizard.screens.widgets.log_builder import clean

LABEL_COLUMNS = 15
STYLES = {"✓": "green", "!": "yellow", "✗": "bold red", "●": "bold cyan", "○": "dim"}

StateRow = tuple[str, str, str]
"""A symbol, a label and a value."""


def state_rows(rows: Iterable[StateRow]) -> Table:
    """Return rows to show, one below the other."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(width=LABEL_COLUMNS)
    table.add_column()
    for symbol, label, value in rows:
        table.add_row(Text(symbol, STYLES.get(symbol, "")), Text(label, "dim"), Text(clean(value)))
    return table
