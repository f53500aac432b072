"""Show the first lines of a page: its title, this machine, and the stage."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from piwizard.screens.widgets.header import NAME

FLOW = ("Your app", "Address", "Review", "Install")
"""The pages of a setup, in order."""
HERE, PASSED, AHEAD = "●", "✓", "○"
NARROW_COLUMNS = 70
"""Below this width the rail is one phrase: "Step 2 of 4 · Address"."""


class Rail(Widget):
    """A title line and, during a setup, the line of its stages.

    `stage` is the index in FLOW of the current page; len(FLOW) when all are passed; None without a setup.
    """

    def __init__(self, title: str = "", *, stage: int | None = None) -> None:
        super().__init__(id="rail")
        self._title, self._machine, self._stage = title, "", stage
        self.set_class(stage is not None, "-staged")

    @property
    def title(self) -> str:
        """Return the title in the first line."""
        return self._title

    @property
    def machine(self) -> str:
        """Return what the first line says of this machine."""
        return self._machine

    def show(self, title: str, machine: str) -> None:
        """Show another title, and this machine on the right."""
        if (title, machine) != (self._title, self._machine):
            self._title, self._machine = title, machine
            self.refresh()

    def render(self) -> Text:
        width = self.size.width
        line = Text(f" {NAME}", "bold", no_wrap=True, overflow="ellipsis")
        line.append(f"   {self._title}" if self._title else "", "not bold")
        gap = width - cell_len(line.plain) - cell_len(self._machine) - 1
        if self._machine and gap >= 2:
            line.append(" " * gap, "not bold").append(self._machine, "not bold")
        if self._stage is not None:
            line.append("\n").append_text(self._stages(width))
        return line

    def _stages(self, width: int) -> Text:
        stage = self._stage or 0
        if width < NARROW_COLUMNS:
            if stage >= len(FLOW):
                return Text(f" {PASSED} Set up", "not bold")
            return Text().append(f" Step {stage + 1} of {len(FLOW)} · {FLOW[stage]}", "bold cyan")
        line = Text(" ")
        for number, name in enumerate(FLOW):
            if number:
                line.append(" ─── ", "not bold dim")
            if number == stage:
                line.append(f"{HERE} {name}", "bold cyan")
            elif number < stage:
                line.append(PASSED, "not bold green").append(f" {name}", "not bold")
            else:
                line.append(f"{AHEAD} {name}", "not bold dim")
        return line
