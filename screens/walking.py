"""How one walks through the steps and their tabs, and what each of them shows then."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import ContentSwitcher

from piwizard.errors import PiwizardError
from piwizard.screens.background import aside, begin
from piwizard.screens.estimates import usual
from piwizard.screens.frame import Frame
from piwizard.screens.log.log_pane import LogPane
from piwizard.screens.log.run_outcome import RunOutcome, read_outcome
from piwizard.screens.messages import FieldLeft, StepHighlighted, StepOpened, TabChosen
from piwizard.screens.panes.checks_pane import ChecksPane
from piwizard.screens.panes.plan_pane import PlanPane
from piwizard.screens.panes.setup_pane import SetupPane
from piwizard.screens.screen_service import ScreenService
from piwizard.screens.widgets.header import Header
from piwizard.screens.widgets.tab_bar import TABS, TabBar

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance

SETTLING = 0.15
"""Seconds that the cursor rests on a step before anything slow is asked about it."""


class Walking(Frame):
    """The frame, with one step in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "steps", show=False),
        *(Binding(str(number), f"tab('{tab}')", show=False) for number, tab in enumerate(TABS, start=1)),
    ]

    def __init__(self, backend: ScreenService) -> None:
        super().__init__(backend)
        self.outcomes: dict[StepInstance, tuple[str, RunOutcome]] = {}
        self._opened: StepInstance | None = None
        """A step that was opened before its questions were known."""

    def on_step_highlighted(self, event: StepHighlighted) -> None:
        self._opened = None
        self.query_one(SetupPane).show(event.place)
        if self.overview:
            self.query_one(Header).show(self.overview.facts, event.place.site or next(iter(self.overview.domains), ""))
        self.set_timer(SETTLING, lambda: self._settle(event.place))

    def _settle(self, place: StepInstance) -> None:
        if self.stands and place == self.place:
            self.settled(place)

    def settled(self, place: StepInstance) -> None:
        """The cursor rests on a step: now its slow parts are asked for."""
        self.stand(place)
        self.fill_tab(place)
        self.ask(place)

    def ask(self, place: StepInstance) -> None:
        """Finds out what the step asks."""
        setup = self.query_one(SetupPane)

        async def body() -> None:
            waiting = self.set_timer(0.4, lambda: begin(self, partial(setup.wait, place), "wait"))
            try:
                asked = await aside(lambda: self.backend.asked(place))
            except PiwizardError as error:
                known(waiting)
                if self.stands:
                    await setup.refuse(error.sentence)
            else:
                known(waiting)
                if self.stands and place == self.place:
                    await setup.ask(place, asked)
                    self._go_in(place)
            finally:
                waiting.stop()

        def known(waiting: Timer) -> None:
            waiting.stop()
            self.workers.cancel_group(self, "wait")  # begun this very moment, it would say so for good

        begin(self, body, "ask")

    def stand(self, place: StepInstance) -> None:
        """Shows how a step stands; reads how its last run ended."""
        status = self.overview.status(place) if self.overview else None
        state = self.sidebar.state(place)
        run = status.run if status else None
        known = self.outcomes.get(place)
        if state in ("failed", "interrupted") and run and (known is None or known[0] != run):
            key, record = (place.step.name, place.site), self.backend.record(run)
            self.later(
                lambda: read_outcome(record, key), lambda found: self._learnt(place, run, found), group="outcome"
            )
            return
        found = known[1] if known and known[0] == run else RunOutcome()
        stand = partial(self.query_one(SetupPane).stand, place, status, state, found)
        begin(self, stand, "stand")

    def _learnt(self, place: StepInstance, run: str, found: RunOutcome) -> None:
        self.outcomes[place] = (run, found)
        if place == self.place:
            self.stand(place)

    def fill_tab(self, place: StepInstance) -> None:
        """What the tab in front shows of a step."""
        match self.tab:
            case "Plan":
                plan = self.query_one(PlanPane)
                plan.wait()
                self.later(lambda: self.backend.plan(place), plan.show, group="tab", refused=plan.refuse)
            case "Checks":
                checks = self.query_one(ChecksPane)
                checks.wait()
                self.later(lambda: self.backend.checks(place), checks.show, group="tab", refused=checks.refuse)
            case "Log":
                self.show_log(place)

    def show_log(self, place: StepInstance) -> None:
        """The record of the run under way, where it is about this step; else that of its last run."""
        entry = self.overview.entry(place) if self.overview else None
        key, live = (place.step.name, place.site), self.runs.live
        if live is not None and (key in live.progress.steps or not live.progress.steps):
            self.runs.shown = live
        else:
            self.runs.shown = self.runs.watch(entry.run) if entry else None
        log = self.query_one(LogPane)
        log.show(self.runs.shown, live=self.runs.shown is not None and self.runs.shown is live)
        log.jump(key)

    def on_tab_chosen(self, event: TabChosen) -> None:
        event.stop()
        self.action_tab(event.tab, stay=True)

    def action_tab(self, tab: str, *, stay: bool = False) -> None:
        """Brings a tab to the front; `stay` leaves the cursor where it is."""
        self.query_one(TabBar).choose(tab)
        self.query_one("#panes", ContentSwitcher).current = tab.lower()
        if self.place:
            self.fill_tab(self.place)
        if not stay and self.focused is not self.sidebar:
            self.focus_pane()

    def focus_pane(self, key: str = "") -> None:
        """The cursor goes into the tab in front."""
        if not self.stands:
            return
        pane = self.query_one(f"#{self.tab.lower()}")
        if isinstance(pane, SetupPane):
            pane.focus_first(key)
        elif isinstance(pane, (PlanPane, LogPane, ChecksPane)):
            pane.focus_first()

    def on_step_opened(self, event: StepOpened) -> None:
        setup = self.query_one(SetupPane)
        if self.tab == "Setup" and self.place and not setup.form.is_of(self.place) and not setup.refused:
            self._opened = self.place  # into its questions, once they are there
        else:
            self.focus_pane()

    def _go_in(self, place: StepInstance) -> None:
        """Into a step that was opened already, where the cursor waits for it still."""
        opened, self._opened = self._opened, None
        if opened == place and self.tab == "Setup" and self.focused is self.sidebar:
            self.call_after_refresh(self.focus_pane)

    def on_field_left(self, event: FieldLeft) -> None:
        self.focus_next()

    def action_steps(self) -> None:
        """Back to the list of steps."""
        self.notice("")
        self.sidebar.focus()

    def usual(self, place: StepInstance) -> float:
        """How long a step usually takes here, in seconds."""
        if self.overview is None:
            return 0.0
        return usual(place.step, self.overview.entry(place), self.overview.facts)
