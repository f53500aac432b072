"""Show the first line: the machine and the site of the chosen step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

if TYPE_CHECKING:
    from piwizard.system.facts import Facts

NAME = "piwizard"


class Header(Widget):
    """Program, host name, board and IP address, with the site on the right.

    Parts that do not fit are skipped.
    """

    def __init__(self) -> None:
        super().__init__(id="header")
        self._parts: tuple[str, ...] = ()
        self._site = ""

    def show(self, facts: Facts, site: str) -> None:
        """Show the machine, and the site of the chosen step."""
        address = facts.network.address
        self._parts = (facts.hostname, board(facts), address.address if address else "no IP address")
        self._site = site
        self.refresh()

    def render(self) -> Text:
        room = self.size.width - cell_len(self._site) - 3
        parts = list(self._parts)
        while parts and cell_len(NAME) + 4 + cell_len(" · ".join(parts)) > room:
            parts.pop(1 if len(parts) > 2 else 0)
        line = Text(f" {NAME}", "bold").append(f"   {' · '.join(parts)}", "not bold")
        line.truncate(max(0, self.size.width - cell_len(self._site) - 1), pad=True)
        return line.append(f"{self._site} ", "bold")


def board(facts: Facts) -> str:
    """Return a description of the board, such as "Pi 4, 4 cores, 4 GB"."""
    memory = facts.memory.nominal
    size = f"{memory // 1024} GB" if memory >= 1024 and memory % 1024 == 0 else f"{memory} MB"
    cores = "1 core" if facts.cores == 1 else f"{facts.cores} cores"
    return f"{facts.board.short}, {cores}, {size}"
