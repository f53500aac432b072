"""Show the main screen: the steps, and the chosen one under tabs.

It composes the widgets and passes messages and keys to the controllers. Each subject has a controller of its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import ContentSwitcher
from textual.worker import Worker

from piwizard.screens.closing import close
from piwizard.screens.controllers.answers_controller import AnswersController
from piwizard.screens.controllers.inspection_controller import InspectionController
from piwizard.screens.controllers.jobs_controller import SECONDS_BETWEEN_POLLS, JobsController
from piwizard.screens.controllers.layout_controller import LayoutController
from piwizard.screens.controllers.navigation_controller import NavigationController
from piwizard.screens.controllers.run_monitor import RunMonitor
from piwizard.screens.controllers.runs_controller import POLLS_PER_SECOND, RunsController
from piwizard.screens.controllers.step_controller import StepController
from piwizard.screens.host_screen import HostScreen
from piwizard.screens.messages import (
    ActionPressed,
    AnswerGiven,
    FieldLeft,
    SecretGiven,
    SiteHighlighted,
    SiteWanted,
    StepHighlighted,
    StepOpened,
    TabChosen,
)  # fmt: skip
from piwizard.screens.widgets.checks_pane import ChecksPane
from piwizard.screens.widgets.header import Header
from piwizard.screens.widgets.key_line import KeyLine
from piwizard.screens.widgets.log_pane import LogPane
from piwizard.screens.widgets.plan_pane import PlanPane
from piwizard.screens.widgets.run_bar import RunBar
from piwizard.screens.widgets.setup_pane import SetupPane
from piwizard.screens.widgets.sidebar import Sidebar
from piwizard.screens.widgets.tab_bar import TABS, TabBar

if TYPE_CHECKING:
    from piwizard.screens.navigator import Navigator
    from piwizard.screens.screen_service import ScreenService


ADD_SITE = "Add a site"
WHY_ANOTHER_SITE = (
    "Add another web app to this machine, with its own name, user, service and address. "
    "Existing sites stay as they are. Press Enter to begin."
)


class MainScreen(HostScreen):
    """All steps, to run single ones again.

    Keys only open pages and tabs: what changes something is a button.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("1", f"tab('{TABS[0]}')", "tabs", key_display=f"1-{len(TABS)}"),
        *(
            Binding(str(number), f"tab('{tab}')", tab.lower(), show=False)
            for number, tab in enumerate(TABS[1:], start=2)
        ),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(kind="main")
        self.service = service
        self._wanted_step = ""
        """The step to choose as soon as the steps are listed."""
        self.header, self.sidebar, self.tab_bar, self.run_bar = Header(), Sidebar(), TabBar(), RunBar()
        self.setup_pane, self.plan_pane, self.log_pane, self.checks_pane = (
            SetupPane(), PlanPane(), LogPane(), ChecksPane(),
        )  # fmt: skip
        self.panes = ContentSwitcher(
            self.setup_pane, self.plan_pane, self.log_pane, self.checks_pane, initial="setup", id="panes"
        )

        self.monitor = RunMonitor(service)
        self.inspection = InspectionController(service, self, inspected=self._inspected)
        self.navigation = NavigationController(
            self, self.sidebar, self.tab_bar, self.panes, self.setup_pane, tab_chosen=self._tab_chosen
        )
        self.steps = StepController(
            service, self, self.inspection, self.navigation, self.monitor, sidebar=self.sidebar,
            setup_pane=self.setup_pane, plan_pane=self.plan_pane, log_pane=self.log_pane, checks_pane=self.checks_pane,
        )  # fmt: skip
        self.answers = AnswersController(service, self, self.setup_pane.form, saved=self.steps.answer_saved)
        self.runs = RunsController(
            service, self, self.monitor, inspection=self.inspection, navigation=self.navigation, steps=self.steps,
            answers=self.answers, sidebar=self.sidebar, log_pane=self.log_pane, run_bar=self.run_bar,
            open_router=self._open_router,
        )  # fmt: skip
        self.jobs = JobsController(service, self, self.monitor, self.inspection, self.sidebar)
        self.layout_controller = LayoutController(self, sidebar=self.sidebar)

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="body"):
            yield self.sidebar
            with Vertical(id="right"):
                yield self.tab_bar
                yield self.panes
                yield self.run_bar
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.notify_line("")
        self.sidebar.focus()
        self.watch(self, "focused", self.layout_controller.fit_width, init=False)
        self.answers.start()
        self.set_interval(1 / POLLS_PER_SECOND, self.runs.poll)
        self.set_interval(SECONDS_BETWEEN_POLLS, self.jobs.poll)
        self.inspection.inspect(thorough=False)

    # What controllers report.

    def _tab_chosen(self) -> None:
        self.steps.fill_tab()

    def _inspected(self, first: bool) -> None:
        overview = self.inspection.overview
        if overview is None:
            return
        self.sidebar.show(overview.instances, overview.statuses)
        if self.navigation.chosen:
            self.steps.show_status(self.navigation.chosen)
        if self._wanted_step:
            self.show_step(self._wanted_step)
        elif first:
            self.navigation.choose_most_urgent()

    def show_step(self, step: str) -> None:
        """Choose a step, now or as soon as the steps are listed."""
        self._wanted_step = "" if self.sidebar.steps else step
        self.sidebar.choose(step, None)

    # Messages of the widgets.

    def on_step_highlighted(self, event: StepHighlighted) -> None:
        overview = self.inspection.overview
        if overview:
            self.header.show(overview.facts, event.instance.site or next(iter(overview.domains), ""))
        self.steps.highlight(event.instance)

    def on_step_opened(self, event: StepOpened) -> None:
        self.steps.open()

    def on_tab_chosen(self, event: TabChosen) -> None:
        self.navigation.choose_tab(event.tab, keep_cursor=True)

    def on_field_left(self, event: FieldLeft) -> None:
        self.focus_next()

    def on_answer_given(self, event: AnswerGiven) -> None:
        self.answers.give(event)

    def on_secret_given(self, event: SecretGiven) -> None:
        self.answers.give(event)

    def on_site_highlighted(self, event: SiteHighlighted) -> None:
        self.navigation.choose_tab("Setup", keep_cursor=True)
        self.start(partial(self.setup_pane.introduce, ADD_SITE, WHY_ANOTHER_SITE), "ask")

    def on_site_wanted(self, event: SiteWanted) -> None:
        if self.in_front:  # else Enter was pressed twice
            self.app.call_later(self._open_setup)

    async def _open_setup(self) -> None:
        await self._navigator.open_setup()

    async def _open_router(self, site: str) -> None:
        await self._navigator.open_router(site)

    @property
    def _navigator(self) -> Navigator:
        from piwizard.screens.textual_app import PiwizardApp

        assert isinstance(self.app, PiwizardApp)
        return self.app.navigator

    def on_action_pressed(self, event: ActionPressed) -> None:
        match event.name:
            case "run" | "again":
                self.runs.propose(again=event.name == "again")
            case "all":
                self.runs.propose_all()
            case "stop":
                self.action_stop()
            case "skip" | "unskip":
                self.action_skip()
            case "log" | "plan":
                self.action_tab(event.name.capitalize())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        event.stop()

    # Keys and commands.

    def action_back(self) -> None:
        """Return to the list of steps, and from there to the page below."""
        if self.focused in (self.sidebar, None):
            self.start(self._close, "close")
        else:
            self.navigation.focus_steps()

    async def flush_answers(self, *, cut_off: bool = False) -> None:
        """Save all answers."""
        await self.answers.flush(cut_off=cut_off)

    async def _close(self) -> None:
        await self.answers.flush()
        close(self)

    def action_tab(self, tab: str) -> None:
        self.navigation.choose_tab(tab)

    def action_stop(self) -> None:
        """Stop the current run, or else a background job."""
        if self.monitor.live is None:
            self.jobs.stop()
        else:
            self.runs.stop()

    def action_inspect(self) -> None:
        """Inspect the machine again."""
        self.inspection.inspect_everything()

    def action_skip(self) -> None:
        """Skip or include an optional step."""
        instance = self.navigation.chosen
        if instance is not None and instance.step.optional:
            self.answers.give((instance.step.name, self.sidebar.state(instance) != "skipped"))

    # Layout.

    def on_resize(self, event: Resize) -> None:
        self.layout_controller.fit_width()
