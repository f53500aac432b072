"""Show the complete plan of a run, and ask whether to apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.closing import close
from piwizard.screens.dialog import Dialog
from piwizard.screens.machine_overview import titles
from piwizard.screens.messages import ActionPressed
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.screens.widgets.log_builder import clean
from piwizard.screens.widgets.log_model import Block
from piwizard.screens.widgets.plan_blocks import counted, plan_blocks
from piwizard.screens.widgets.run_progress import duration
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.service import CHECK_AGAIN, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL_NOW = "Install now?"


class ConfirmRun(Dialog[Proposal | PiwizardError]):
    """The plan of a run, to confirm.

    It returns the proposal if the user agrees, the error if it cannot be planned, None if the user goes back.
    """

    def __init__(self, plan: Callable[[], Proposal], *, usual: float = 0.0) -> None:
        super().__init__(classes="")
        self._plan, self._usual = plan, usual
        self._proposal: Proposal | None = None
        self._error: PiwizardError | None = None

    def compose(self) -> ComposeResult:
        yield Static(" Preparing the plan…", id="confirm-text", markup=False)
        yield FoldingList(id="confirm-list")
        yield Static(id="confirm-question", markup=False)
        with Horizontal(id="confirm-actions"):
            yield ActionButton("yes", "Install")
            yield ActionButton("no", "Back")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#confirm-actions").display = False
        start_worker(self, self._prepare, "plan")

    async def _prepare(self) -> None:
        try:
            proposal = await run_in_thread(self._plan)
        except PiwizardError as error:
            self._close_with(error)
            return
        except OSError as error:
            self._close_with(PiwizardError(sentence_of(error)))
            return
        if self in self.app.screen_stack:  # else the user has gone back meanwhile
            self._show(proposal)

    def _close_with(self, error: PiwizardError) -> None:
        self._error = error
        close(self, error)  # a page over it, such as the help, stays: then at its end

    def on_screen_resume(self) -> None:
        """Close if the plan has failed behind another page."""
        if self._error is not None:
            close(self, self._error)

    def _show(self, proposal: Proposal) -> None:
        summary, changes_list = self.query_one("#confirm-text", Static), self.query_one(FoldingList)
        if not proposal.plans:
            summary.update(Text().append(" Nothing to do: everything is up to date.", "green"))
            left_out = "\n".join(f" {line}" for line in proposal.left_out)
            self.query_one("#confirm-question", Static).update(left_out)
            self._offer(only_back=True)
            return
        self._proposal = proposal
        blocks: list[Block] = []
        for instance, changes in proposal.plans:
            blocks += plan_blocks(instance, changes, heading=True)
        wanted = sum(not one.preview.in_sync for _, changes in proposal.plans for one in changes)
        usual = f" Usually takes {duration(self._usual)}." if self._usual and wanted else ""
        steps = ", ".join(titles([instance for instance, _ in proposal.plans]))
        summary.update(Text(f" {steps}: {counted(wanted)}.{usual}", "bold"))
        question = f"{INSTALL_NOW} You can disconnect at any time."
        if proposal.changes_nothing:
            question = CHECK_AGAIN
            self.query(ActionButton).first().show("Check")
        elif proposal.edited:
            question = (
                f"Files that were edited by hand (marked above) will be replaced; backups are kept. {INSTALL_NOW}"
            )
        lines = "\n".join(f" {clean(line)}" for line in (*proposal.warnings, *proposal.left_out, question))
        style = "yellow" if proposal.edited or proposal.warnings else ""
        self.query_one("#confirm-question", Static).update(Text().append(lines, style))
        changes_list.show(blocks)
        self._offer(safe=proposal.edited)

    def _offer(self, *, safe: bool = False, only_back: bool = False) -> None:
        """Show the buttons; with `safe`, the cursor is on the one that goes back."""
        self.query_one("#confirm-actions").display = True
        self.question_appeared()
        buttons = self.query(ActionButton)
        buttons.first().display = not only_back
        (buttons.last() if safe or only_back else buttons.first()).focus()

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        close(self, self._proposal if event.name == "yes" else None)
