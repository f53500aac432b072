"""What a run would do, in full, and the question whether it shall."""

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
from piwizard.screens.log.log_builder import clean
from piwizard.screens.log.log_model import Block
from piwizard.screens.log.run_progress import duration
from piwizard.screens.messages import ActionPressed
from piwizard.screens.panes.plan_blocks import counted, plan_blocks
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.folding_list import FoldingList
from piwizard.screens.widgets.key_bar import KeyBar
from piwizard.setup.service import Proposal

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


KEYS = (("y", "yes, do it"), ("Enter", "open, fold"), ("Tab", "to the buttons"), ("Esc", "no"))


class ConfirmRun(ModalScreen[Proposal | PiwizardError | None]):
    """Gives the proposal that was agreed to, the refusal where it cannot be planned, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes"), Binding("n,escape,q", "no")]

    def __init__(
        self, service: ScreenService, place: StepInstance | None, *, again: bool = False, usual: float = 0.0
    ) -> None:
        super().__init__()
        self._service, self._place, self._again, self._usual = service, place, again, usual
        self._proposal: Proposal | None = None

    def compose(self) -> ComposeResult:
        yield Static(" Working out what would be done…", id="confirm-words", markup=False)
        yield FoldingList(id="confirm-folds")
        yield Static(id="confirm-question", markup=False)
        with Horizontal(id="confirm-actions"):
            yield ActionButton("yes", "Yes, do it")
            yield ActionButton("no", "No")
        yield KeyBar((("Esc", "no, nothing is done"),))

    def on_mount(self) -> None:
        self.query_one("#confirm-actions").display = False
        start_worker(self, self._plan, "plan")

    async def _plan(self) -> None:
        try:
            proposal = await run_in_thread(lambda: self._service.proposal(self._place, again=self._again))
        except PiwizardError as error:
            self.dismiss(error)
            return
        if self in self.app.screen_stack:  # else somebody has said no meanwhile
            self._show(proposal)

    def _show(self, proposal: Proposal) -> None:
        words, folds = self.query_one("#confirm-words", Static), self.query_one(FoldingList)
        if not proposal.plans:
            words.update(Text(" Nothing to do: everything is as it should be.", "green"))
            self.query_one(KeyBar).show((("Esc", "back"),))
            return
        self._proposal = proposal
        blocks: list[Block] = []
        for place, changes in proposal.plans:
            blocks += plan_blocks(place, changes, heading=True)
        wanted = sum(not one.preview.in_sync for _, changes in proposal.plans for one in changes)
        usual = f" Usually takes {duration(self._usual)}." if self._usual else ""
        steps = ", ".join(place.step.title for place, _ in proposal.plans)
        words.update(Text(f" {steps}: {counted(wanted)}.{usual}", "bold"))
        question = "Shall this be done? It goes on if you leave or the connection drops."
        if proposal.edited:
            question = (
                "Files that were edited by hand would be replaced (marked above); a backup is kept. Shall this be done?"
            )
        lines = "\n".join(f" {clean(words)}" for words in (*proposal.warnings, question))
        style = "yellow" if proposal.edited or proposal.warnings else ""
        self.query_one("#confirm-question", Static).update(Text(lines, style))
        folds.show(blocks)
        self.query_one("#confirm-actions").display = True
        self.query_one(KeyBar).show(KEYS)
        self.query(ActionButton).first().focus()

    def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        if event.name == "yes":
            self.action_yes()
        else:
            self.action_no()

    def action_yes(self) -> None:
        if self._proposal is not None:
            self.dismiss(self._proposal)

    def action_no(self) -> None:
        self.dismiss(None)
