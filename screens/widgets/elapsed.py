"""Show what a page waits for, and for how many seconds."""

from __future__ import annotations

import time

from rich.text import Text
from textual.widgets import Static


class Elapsed(Static):
    """A line such as "Reading the repository… 3 s", with one update a second.

    It is hidden while nothing is waited for.
    """

    def __init__(self) -> None:
        super().__init__(classes="elapsed", markup=False)
        self.display = False
        self._what, self._since = "", 0.0

    def on_mount(self) -> None:
        self.set_interval(1, self._count)

    def begin(self, what: str) -> None:
        """Show what is waited for; the time of an earlier wait for the same continues."""
        if not (self.display and what == self._what):
            self._what, self._since = what, time.monotonic()
        self.display = True
        self._count()

    def end(self) -> None:
        """Hide the line."""
        self.display = False

    def _count(self) -> None:
        if self.display:
            seconds = int(time.monotonic() - self._since)
            self.update(Text(f"{self._what}…{f' {seconds} s' if seconds else ''}", "dim"))
