"""The fourth tab: whether the step's result is there and works, seen now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len

from piwizard.screens.log.log_builder import clean
from piwizard.screens.log.log_model import Block
from piwizard.screens.widgets.list_pane import ListPane

if TYPE_CHECKING:
    from piwizard.diagnosis.findings import Finding
    from piwizard.system.checks import Check


MARGIN = 4
"""Cells beside a title: its indent, the sign that it folds, the scrollbar."""


class ChecksPane(ListPane):
    """The checks of the chosen step, made when the tab is opened."""

    def __init__(self) -> None:
        super().__init__("checks")
        self._checks: tuple[Check, ...] = ()
        self._width = 0
        """Cells that a line had when the checks were put into lines."""

    def wait(self) -> None:
        """Say that the checks are running."""
        self._show("Looking…", "dim")

    def refuse(self, sentence: str) -> None:
        """Say why there are no checks."""
        self._show(sentence, "yellow")

    def show(self, found: Iterable[Check]) -> None:
        """Show the results."""
        checks = tuple(found)
        failed = sum(not check.ok for check in checks)
        if failed:
            self._show(f"{failed} of {len(checks)} looks found something wrong.", "bold red", checks)
        else:
            self._show("All is well." if checks else "This step has nothing to look at.", "green", checks)

    def on_resize(self) -> None:
        """Put the checks into lines again; before the tab is first shown, a line has no room at all."""
        if self.list.size.width != self._width:
            self._fill()

    def _show(self, text: str, style: str, checks: tuple[Check, ...] = ()) -> None:
        self.say(text, style)
        self._checks = checks
        self._fill()

    def _fill(self) -> None:
        self._width = self.list.size.width
        self.list.show([check_block(check.name, check, self._width) for check in self._checks])


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
