"""Show the checkup: every check from a visitor's view."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.closing import close
from piwizard.screens.messages import ActionPressed
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.checks_pane import check_block, checks_summary
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.setup.answer_labels import sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.diagnosis.findings import Finding
    from piwizard.screens.navigator import Navigator

AGAIN = ("check", "Check again")


class CheckupPage(ModalScreen[None]):
    """The findings of `piwizard checkup`.

    The checks run in a thread, so that going back does not wait for them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("q", "app.leave", "quit"),
    ]

    WAITING = "Checking everything from a visitor's view. This takes a moment."

    def __init__(self, service: ScreenService) -> None:
        super().__init__()
        self._service = service

    def compose(self) -> ComposeResult:
        yield Static(id="checkup-text", markup=False)
        yield FoldingList(id="checkup-list")
        yield Horizontal(id="checkup-actions")
        yield KeyLine()

    def on_mount(self) -> None:
        self.action_check()

    def action_check(self) -> None:
        """Run all checks."""
        self.query_one("#checkup-actions").display = False
        self.query_one(FoldingList).focus()
        self._show(self.WAITING, "dim", ())
        start_worker(self, self._check, "checkup")

    def examine(self) -> list[Finding]:
        """Return the findings. Slow."""
        return self._service.checkup()

    async def _check(self) -> None:
        try:
            found = await run_in_thread(self.examine)
        except (PiwizardError, OSError) as error:
            if self in self.app.screen_stack:
                self._show(sentence_of(error), "yellow", ())
                await self._show_actions((AGAIN,))
            return
        if self not in self.app.screen_stack:  # the user has gone back meanwhile
            return
        self._show(*checks_summary(found), found)
        await self._show_actions((AGAIN, *self.helping(found)))

    def helping(self, found: Sequence[Finding]) -> Sequence[tuple[str, str]]:
        """Return names and labels of the buttons that help with the findings."""
        return () if all(one.ok for one in found) else (("diagnose", "Diagnose and fix"),)

    async def _show_actions(self, buttons: Sequence[tuple[str, str]]) -> None:
        actions = self.query_one("#checkup-actions", Horizontal)
        await actions.remove_children()
        await actions.mount_all(ActionButton(name, label) for name, label in buttons)
        actions.display = True

    async def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        await self.app.run_action(event.name, self)

    async def action_diagnose(self) -> None:
        """Open the diagnosis, which names causes and offers fixes."""
        await self.navigator.open_doctor()

    def _show(self, text: str, style: str, found: Sequence[Finding]) -> None:
        findings = self.query_one(FoldingList)
        several = len({one.site for one in found if one.site}) > 1
        worst_first = sorted(found, key=lambda one: one.ok)
        self.query_one("#checkup-text", Static).update(Text().append(f" {text}", style))
        findings.show([check_block(_name(one, several=several), one, findings.size.width) for one in worst_first])

    def notify_line(self, text: str, style: str = "yellow") -> None:
        """Show a sentence in place of the summary; the findings stay."""
        self.query_one("#checkup-text", Static).update(Text().append(f" {text}", style))

    @property
    def navigator(self) -> Navigator:
        """Return what opens other pages."""
        from piwizard.screens.textual_app import PiwizardApp

        assert isinstance(self.app, PiwizardApp)
        return self.app.navigator

    def action_back(self) -> None:
        close(self)


def _name(finding: Finding, *, several: bool) -> str:
    return f"{finding.name} ({finding.site})" if several and finding.site else finding.name
