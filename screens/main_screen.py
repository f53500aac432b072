"""The main screen: steps on the left, the chosen one on the right under four tabs, keys at the bottom.

It composes the widgets, passes messages and keys on, and does nothing else: each subject has a controller of its own.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static
from textual.worker import Worker

from piwizard.errors import PiwizardError
from piwizard.screens.background import run_in_thread, start_worker
from piwizard.screens.controllers.address_controller import AddressController
from piwizard.screens.controllers.answers_controller import AnswersController
from piwizard.screens.controllers.inspection_controller import InspectionController
from piwizard.screens.controllers.jobs_controller import SECONDS_BETWEEN_POLLS, JobsController
from piwizard.screens.controllers.navigation_controller import NavigationController
from piwizard.screens.controllers.run_monitor import RunMonitor
from piwizard.screens.controllers.runs_controller import POLLS_PER_SECOND, RunsController
from piwizard.screens.controllers.step_controller import StepController
from piwizard.screens.form.editors import Choice
from piwizard.screens.log.log_pane import LogPane
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
from piwizard.screens.pages.checkup_page import CheckupPage
from piwizard.screens.pages.new_site_page import TITLE, WHY, NewSitePage
from piwizard.screens.pages.summary_page import SummaryPage
from piwizard.screens.pages.welcome_pages import WelcomeBackPage, WelcomePage
from piwizard.screens.panes.checks_pane import ChecksPane
from piwizard.screens.panes.plan_pane import PlanPane
from piwizard.screens.panes.setup_pane import SetupPane
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.header import Header
from piwizard.screens.widgets.key_bar import (
    BUTTON_KEYS,
    CHOICE_KEYS,
    FIELD_KEYS,
    FOLD_KEYS,
    LOG_KEYS,
    STEP_KEYS,
    KeyBar,
)
from piwizard.screens.widgets.run_bar import RunBar
from piwizard.screens.widgets.sidebar import Sidebar
from piwizard.screens.widgets.tab_bar import TABS, TabBar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    from piwizard.screens.screen_service import MachineOverview, ScreenService

    Result = TypeVar("Result")

NARROW = 56
"""Columns below which only the steps or the chosen step fit."""


class MainScreen(Screen[None]):
    """The screen that stays; pages and dialogs come and go over it. It is the `Host` of its controllers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "steps", show=False),
        *(Binding(str(number), f"tab('{tab}')", show=False) for number, tab in enumerate(TABS, start=1)),
        Binding("r", "run", show=False),
        Binding("a", "run_all", show=False),
        Binding("s", "stop", show=False),
        Binding("k", "skip", show=False),
        Binding("g", "inspect", show=False),
        Binding("o", "summary", show=False),
        Binding("c", "checkup", show=False),
        Binding("exclamation_mark", "shell", show=False),
    ]

    def __init__(
        self, service: ScreenService, greeting: type[WelcomePage] | type[WelcomeBackPage] | None = None
    ) -> None:
        super().__init__(id="main")
        self.service = service
        self._greeting = greeting
        self.header, self.sidebar, self.tab_bar, self.run_bar = Header(), Sidebar(), TabBar(), RunBar()
        self.setup_pane, self.plan_pane, self.log_pane, self.checks_pane = (
            SetupPane(), PlanPane(), LogPane(), ChecksPane(),
        )  # fmt: skip
        self.panes = ContentSwitcher(
            self.setup_pane, self.plan_pane, self.log_pane, self.checks_pane, initial="setup", id="panes"
        )
        self.key_bar, self._notice = KeyBar(STEP_KEYS), Static(id="notice", markup=False)

        self.monitor = RunMonitor(service)
        self.inspection = InspectionController(
            service, self, inspected=self._inspected, outcomes_read=self._tell_welcome_page
        )
        self.navigation = NavigationController(
            self, self.sidebar, self.tab_bar, self.panes, self.setup_pane, tab_chosen=self._tab_chosen
        )
        self.steps = StepController(
            service, self, self.inspection, self.navigation, self.monitor, sidebar=self.sidebar,
            setup_pane=self.setup_pane, plan_pane=self.plan_pane, log_pane=self.log_pane, checks_pane=self.checks_pane,
        )  # fmt: skip
        self.answers = AnswersController(service, self, self.setup_pane.form, saved=self._answer_saved)
        self.runs = RunsController(
            service, self, self.monitor, inspection=self.inspection, navigation=self.navigation, steps=self.steps,
            answers=self.answers, sidebar=self.sidebar, log_pane=self.log_pane, run_bar=self.run_bar,
            all_done=self.action_summary,
        )  # fmt: skip
        self.jobs = JobsController(service, self, self.monitor, self.inspection, self.sidebar)
        self.address = AddressController(service, self, typing=lambda: self.navigation.typing)

    def compose(self) -> ComposeResult:
        yield self.header
        with Horizontal(id="body"):
            yield self.sidebar
            with Vertical(id="right"):
                yield self.tab_bar
                yield self.panes
                yield self.run_bar
        yield self._notice
        yield self.key_bar

    def on_mount(self) -> None:
        self.notify_line("")
        self.sidebar.focus()
        self.watch(self, "focused", self._focus_moved, init=False)
        self.answers.start()
        self.set_interval(1 / POLLS_PER_SECOND, self.runs.poll)
        self.set_interval(SECONDS_BETWEEN_POLLS, self.jobs.poll)
        self.set_interval(1, self.address.poll)
        if self._greeting is not None:
            self.app.push_screen(self._greeting())
        self.inspection.inspect(thorough=False)

    # What controllers ask of their host.

    @property
    def alive(self) -> bool:
        return self.is_attached and self.app.is_running

    @property
    def in_front(self) -> bool:
        return self.app.screen is self

    def run_in_background(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        group: str,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        async def body() -> None:
            try:
                result = await run_in_thread(work)
            except PiwizardError as error:
                if self.alive:
                    (refused or self.notify_line)(error.sentence)
            else:
                if self.alive:
                    then(result)

        self.start(body, group)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        start_worker(self, work, group)

    def cancel(self, group: str) -> None:
        self.workers.cancel_group(self, group)

    def notify_line(self, text: str, style: str = "yellow") -> None:
        self._notice.update(Text(f" {text}", style))
        self._notice.display = bool(text)

    def open(self, page: Screen[Result], then: Callable[[Result | None], None] | None = None) -> None:
        self.app.push_screen(page, then)

    async def messages_handled(self) -> None:
        handled = asyncio.Event()
        if self.call_later(handled.set):  # comes after the messages that wait already
            await handled.wait()

    # What controllers report.

    def _tab_chosen(self) -> None:
        self.steps.fill_tab()

    def _inspected(self, first: bool) -> None:
        overview = self.inspection.overview
        if overview is None:
            return
        self.sidebar.show(overview.places, overview.statuses)
        if self.navigation.place:
            self.steps.show_status(self.navigation.place)
        self._tell_welcome_page()
        if first:
            self.navigation.choose_most_urgent()

    def _tell_welcome_page(self) -> None:
        overview = self.inspection.overview
        if overview is None:
            return
        for page in self.app.screen_stack:
            if isinstance(page, WelcomePage):
                page.show(overview)
            elif isinstance(page, WelcomeBackPage):
                page.show(overview, self.inspection.outcomes, thorough=self.inspection.thorough)

    def _answer_saved(self, key: str) -> None:
        place = self.navigation.place
        if key == "site.name" or "." not in key or (place and place.step.optional):
            self.inspection.inspect(thorough=False)
        if place and key != "site.name":  # the site has other steps then, which the inspection will find
            self.steps.ask(place)

    # Messages of the widgets.

    def on_step_highlighted(self, event: StepHighlighted) -> None:
        overview = self.inspection.overview
        if overview:
            self.header.show(overview.facts, event.place.site or next(iter(overview.domains), ""))
        self.steps.highlight(event.place)

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
        self.start(partial(self.setup_pane.introduce, TITLE, WHY), "ask")

    def on_site_wanted(self, event: SiteWanted) -> None:
        if self.in_front:  # else Enter was pressed twice
            sites = list(self.inspection.overview.domains) if self.inspection.overview else []
            self.open(NewSitePage(sites), self._add_site)

    def _add_site(self, name: str | None) -> None:
        def added(overview: MachineOverview) -> None:
            self.inspection.accept(overview, thorough=False)
            first = next((place for place in overview.places if place.site == name), None)
            if first is not None:
                self.sidebar.choose(first.step.name, name)

        if name is not None:
            self.answers.add_site(name, added)

    def on_action_pressed(self, event: ActionPressed) -> None:
        match event.name:
            case "run":
                self.runs.propose()
            case "again":
                self.runs.propose(again=True)
            case "all":
                self.runs.propose_all()
            case "stop":
                self.action_stop()
            case "skip" | "unskip":
                self.action_skip()
            case "shell":
                self.action_shell()
            case "log" | "plan":
                self.action_tab(event.name.capitalize())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        event.stop()

    # Keys.

    def action_steps(self) -> None:
        self.navigation.focus_steps()

    def action_tab(self, tab: str) -> None:
        self.navigation.choose_tab(tab)

    def action_run(self) -> None:
        self.runs.propose()

    def action_run_all(self) -> None:
        self.runs.propose_all()

    def action_stop(self) -> None:
        """Stop the run under way, or else a background job."""
        if self.monitor.live is None:
            self.jobs.stop()
        else:
            self.runs.stop()

    def action_inspect(self) -> None:
        self.inspection.inspect_everything()

    def action_skip(self) -> None:
        """Keep the address that is being tested; otherwise skip an optional step, or include it again."""
        place = self.navigation.place
        if self.address.ask_again() or place is None:
            return
        if place.step.optional:
            self.answers.give((place.step.name, self.sidebar.state(place) != "skipped"))
        else:
            self.notify_line(f"You cannot skip {place.step.title}: other steps need it.")

    def action_summary(self) -> None:
        overview = self.inspection.overview
        if overview is not None:
            only_ascii = bool(getattr(self.app, "only_ascii", False))
            self.open(SummaryPage(overview, only_ascii=only_ascii, checkup=self.action_checkup))

    def action_checkup(self) -> None:
        self.open(CheckupPage(self.service))

    def action_shell(self) -> None:
        """Open a shell in this terminal, and come back after `exit`."""
        from piwizard.system import commands, console

        with self.app.suspend():
            console.say("This is a root shell. `exit` returns to piwizard.")
            commands.run_interactive((os.environ.get("SHELL") or "/bin/sh",))
        self.app.refresh(layout=True)

    # Layout.

    def _focus_moved(self) -> None:
        focused = self.focused
        if focused is None or focused in (self.sidebar, self.tab_bar):
            keys = STEP_KEYS
        elif focused is self.log_pane.list:
            keys = LOG_KEYS
        elif focused in (self.plan_pane.list, self.checks_pane.list):
            keys = FOLD_KEYS
        elif isinstance(focused, ActionButton):
            keys = BUTTON_KEYS
        elif isinstance(focused, Choice):
            keys = CHOICE_KEYS
        else:
            keys = FIELD_KEYS
        self.key_bar.show(keys)
        self.setup_pane.set_class(self.setup_pane.has_focus_within, "-inside")
        self._fit()

    def on_resize(self, event: Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        """On a very narrow screen show either the steps or the chosen step."""
        narrow = self.size.width < NARROW
        on_steps = self.focused is None or self.focused is self.sidebar
        self.sidebar.set_class(narrow and not on_steps, "-away")
        self.query_one("#right").set_class(narrow and on_steps, "-away")
        self.sidebar.set_class(narrow, "-whole")
