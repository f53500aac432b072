"""The checkup: everything once more as a visitor meets it, on a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.panes.checks_pane import check_block
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.diagnosis.findings import Finding

KEYS = (("Enter", "open, fold"), ("g", "look again"), ("Esc", "back"))


class CheckupPage(ModalScreen[None]):
    """What `piwizard checkup` says. The looks are made aside; whoever goes back does not wait for them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back"),
        Binding("g", "look"),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__()
        self._service = service

    def compose(self) -> ComposeResult:
        yield Static(id="visit-words", markup=False)
        yield FoldingList(id="visit-folds")
        yield KeyBar(KEYS)

    def on_mount(self) -> None:
        self.query_one(FoldingList).focus()
        self.action_look()

    def action_look(self) -> None:
        """All looks, from the first on."""
        self._say("Checkup: looking at everything as a visitor meets it. This takes a moment.", "dim", ())
        start_worker(self, self._look, "visit")

    async def _look(self) -> None:
        try:
            found = await run_in_thread(self._service.checkup)
        except PiwizardError as error:
            self._say(f"Checkup: {error.sentence}", "yellow", ())
            return
        if self not in self.app.screen_stack:  # somebody has gone back meanwhile
            return
        bad = sum(not one.ok for one in found)
        if bad:
            self._say(f"Checkup: {bad} of {len(found)} looks found something.", "bold red", found)
        else:
            self._say(f"Checkup: {len(found)} looks, and all is well.", "green", found)

    def _say(self, words: str, style: str, found: Sequence[Finding]) -> None:
        folds = self.query_one(FoldingList)
        several = len({one.site for one in found if one.site}) > 1
        worst_first = sorted(found, key=lambda one: one.ok)
        self.query_one("#visit-words", Static).update(Text(f" {words}", style))
        folds.show([check_block(_name(one, several=several), one, folds.size.width) for one in worst_first])

    def action_back(self) -> None:
        self.dismiss(None)


def _name(finding: Finding, *, several: bool) -> str:
    return f"{finding.name} ({finding.site})" if several and finding.site else finding.name
