"""Show the checkup: every check from a visitor's view."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.checks_pane import check_block, checks_summary
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.diagnosis.findings import Finding


class CheckupPage(ModalScreen[None]):
    """The findings of `piwizard checkup`.

    The checks run in a thread, so that going back does not wait for them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__()
        self._service = service

    def compose(self) -> ComposeResult:
        yield Static(id="checkup-text", markup=False)
        yield FoldingList(id="checkup-list")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(FoldingList).focus()
        self.action_check()

    def action_check(self) -> None:
        """Run all checks."""
        self._show("Checking everything from a visitor's view. This takes a moment.", "dim", ())
        start_worker(self, self._check, "checkup")

    async def _check(self) -> None:
        try:
            found = await run_in_thread(self._service.checkup)
        except PiwizardError as error:
            self._show(error.sentence, "yellow", ())
            return
        if self not in self.app.screen_stack:  # the user has gone back meanwhile
            return
        self._show(*checks_summary(found), found)

    def _show(self, text: str, style: str, found: Sequence[Finding]) -> None:
        findings = self.query_one(FoldingList)
        several = len({one.site for one in found if one.site}) > 1
        worst_first = sorted(found, key=lambda one: one.ok)
        self.query_one("#checkup-text", Static).update(Text(f" {text}", style))
        findings.show([check_block(_name(one, several=several), one, findings.size.width) for one in worst_first])

    def action_back(self) -> None:
        self.dismiss(None)


def _name(finding: Finding, *, several: bool) -> str:
    return f"{finding.name} ({finding.site})" if several and finding.site else finding.name
