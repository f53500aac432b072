"""The screen: steps at the left, the chosen one at the right under four tabs, keys at the bottom."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from piwizard.errors import PiwizardError
from piwizard.screens.background import aside, begin
from piwizard.screens.controllers.run_monitor import RunMonitor
from piwizard.screens.log.log_pane import LogPane
from piwizard.screens.panes.checks_pane import ChecksPane
from piwizard.screens.panes.plan_pane import PlanPane
from piwizard.screens.panes.setup_pane import SetupPane
from piwizard.screens.screen_service import MachineOverview, ScreenService
from piwizard.screens.widgets.header import Header
from piwizard.screens.widgets.key_bar import FIELD_KEYS, FOLD_KEYS, LOG_KEYS, STEP_KEYS, KeyBar
from piwizard.screens.widgets.run_bar import RunBar
from piwizard.screens.widgets.sidebar import Sidebar
from piwizard.screens.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from piwizard.steps.registry import StepInstance


Result = TypeVar("Result")

NARROW = 56


class Frame(Screen[None]):
    """What is to be seen, and where it has room. What is done with it is in the classes above this one."""

    def __init__(self, backend: ScreenService) -> None:
        super().__init__(id="main")
        self.backend = backend
        self.overview: MachineOverview | None = None
        self.runs = RunMonitor(backend)

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal(id="body"):
            yield Sidebar()
            with Vertical(id="right"):
                yield TabBar()
                with ContentSwitcher(initial="setup", id="panes"):
                    yield SetupPane()
                    yield PlanPane()
                    yield LogPane()
                    yield ChecksPane()
                yield RunBar()
        yield Static(id="notice", markup=False)
        yield KeyBar(STEP_KEYS)

    @property
    def sidebar(self) -> Sidebar:
        return self.query_one(Sidebar)

    @property
    def stands(self) -> bool:
        """Whether its widgets are there still: what comes when somebody has left is for nobody."""
        return self.is_attached and self.app.is_running

    @property
    def place(self) -> StepInstance | None:
        """The chosen step."""
        return self.sidebar.place

    @property
    def answering(self) -> bool:
        """Whether somebody is in the fields of a step: the cursor is theirs then, and so is every key."""
        return self.query_one(SetupPane).form.has_focus_within

    @property
    def tab(self) -> str:
        """The tab in front."""
        return self.query_one(TabBar).current

    def later(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        group: str,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Does something slow aside, then takes its result up here. A refusal is told in its own words."""

        async def body() -> None:
            try:
                result = await aside(work)
            except PiwizardError as error:
                if self.stands:
                    (refused or self.notice)(error.sentence)
            else:
                if self.stands:  # else somebody has left meanwhile
                    then(result)

        begin(self, body, group)

    def notice(self, words: str, style: str = "yellow") -> None:
        """One line above the keys, until the next one or an empty one."""
        line = self.query_one("#notice", Static)
        line.update(Text(f" {words}", style))
        line.display = bool(words)

    def on_mount(self) -> None:
        self.notice("")
        self.sidebar.focus()
        self.watch(self, "focused", self._focus_moved, init=False)

    def _focus_moved(self) -> None:
        focused = self.focused
        if focused is None or focused.id in ("sidebar", "tabs"):
            keys = STEP_KEYS
        elif focused.id == "log-folds":
            keys = LOG_KEYS
        elif focused.id in ("plan-folds", "checks-folds"):
            keys = FOLD_KEYS
        else:
            keys = FIELD_KEYS
        self.query_one(KeyBar).show(keys)
        setup = self.query_one(SetupPane)
        setup.set_class(setup.has_focus_within, "-inside")
        self._fit()

    def on_resize(self, event: Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        """On a very narrow screen either the steps or the step can be seen."""
        narrow = self.size.width < NARROW
        on_steps = self.focused is None or self.focused.id == "sidebar"
        self.sidebar.set_class(narrow and not on_steps, "-away")
        self.query_one("#right").set_class(narrow and on_steps, "-away")
        self.sidebar.set_class(narrow, "-whole")
