"""Show the checks of the chosen step in the fourth tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from piwizard.screens.widgets.list_pane import ListPane
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.log_model import Block
from piwizard.setup.answer_labels import with_labels

if TYPE_CHECKING:
    from piwizard.diagnosis.findings import Finding
    from piwizard.system.checks import Check


MARGIN = 4
"""Cells beside a title: its indent, the symbol that opens it, the scrollbar."""


class ChecksPane(ListPane):
    """The checks of the chosen step. They run when the tab is opened."""

    def __init__(self) -> None:
        super().__init__("checks")
        self._checks: tuple[Check, ...] = ()
        self._width = 0
        """Width in cells for which the lines were made."""

    def wait(self) -> None:
        """Say that the checks are running."""
        self._show("Checking…", "dim")

    def refuse(self, sentence: str) -> None:
        """Say why there are no checks."""
        self._show(sentence, "yellow")

    def show(self, found: Iterable[Check]) -> None:
        """Show the results."""
        checks = tuple(found)
        self._show(*(checks_summary(checks) if checks else ("This step has no checks.", "")), checks)

    def on_resize(self) -> None:
        """Wrap the checks again; before the tab is first shown, a line has no width."""
        if self.list.size.width != self._width:
            self._fill()

    def _show(self, text: str, style: str, checks: tuple[Check, ...] = ()) -> None:
        self.say(text, style)
        self._checks = checks
        self._fill()

    def _fill(self) -> None:
        self._width = self.list.size.width
        self.list.show([check_block(check.name, check, self._width) for check in self._checks])


def checks_summary(checks: Sequence[Check | Finding]) -> tuple[str, str]:
    """Return "All 14 checks passed." or what failed, and its style."""
    failed = sum(not check.ok for check in checks)
    passed = len(checks) - failed
    if failed:
        problems = "1 problem" if failed == 1 else f"{failed} problems"
        return f"{problems}, {passed} {'check' if passed == 1 else 'checks'} passed.", "bold red"
    return "1 check passed." if passed == 1 else f"All {passed} checks passed.", "green"


def check_block(name: str, check: Check | Finding, room: int) -> Block:
    """Return a check as a block: one line if it fits.

    A failed check always shows its cause and its fix.
    """
    symbol, style = ("✓", "green") if check.ok else ("✗", "bold red")
    title, detail = f"{symbol} {clean(name)}", clean(with_labels(check.detail))
    whole = f"{title}: {detail}"
    fits = cell_len(whole) < room - MARGIN
    block = Block(whole if fits else title, style, failed=not check.ok, open=not check.ok or not fits)
    if not fits:
        block.add([(detail, "")])
    if not check.ok:
        reasons = ((check.cause, ""), (check.advice, "yellow"))
        block.add([(clean(with_labels(text)), shade) for text, shade in reasons if text])
    return block
