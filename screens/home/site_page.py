"""Offer everything that can be done with one site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from piwizard.screens.home.overview_text import site_summary
from piwizard.screens.page import Page
from piwizard.screens.widgets.row_list import RowList

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.screens.home.router_rules import RouterRules
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.site_overview import HomeOverview

ROUTER_STEPS = ("router-steps", "Router steps", "what to enter in your router by hand")
ACTIONS = (
    ("deploy", "Deploy", "install the newest commit; you see first what changes"),
    ("versions", "Versions", "all releases; roll back, or close for maintenance"),
    ("logs", "App log", "what the app prints, live and with search"),
    ("check", "Check", "every check from a visitor's view"),
    ("settings", "Settings", "repository, address, HTTPS, environment"),
    ("diagnose", "Diagnose", "find problems and their fixes"),
    ("key", "Deploy key", "give access to a private repository"),
    ROUTER_STEPS,
    ("deploys", "Automatic deploys", "how new versions get online, what to enter where"),
    ("activity", "Activity", "all runs, newest first"),
    ("steps", "All steps", "run or undo single steps (advanced)"),
    ("undo", "Undo a step", "choose it among all steps; asks before it starts"),
    ("backups", "Backups", "back up now, test, restore the data"),
    ("report", "Report", "for people who help you; without secrets"),
    ("remove", "Remove this site", "asks what happens to its data"),
)
"""Name, label and explanation of each action."""
SITE_PAGES = {
    "versions": "open_versions",
    "logs": "open_app_log",
    "settings": "open_settings",
    "diagnose": "open_doctor",
    "key": "open_deploy_key",
    "undo": "open_undo",
    "remove": "open_removal",
    "deploys": "open_deploys",
    "router-steps": "open_router",
}
MACHINE_PAGES = {
    "check": "open_checkup",
    "activity": "open_activity",
    "steps": "open_steps",
    "backups": "open_backups",
    "report": "open_report",
}
"""The methods of the navigator by the actions that they carry out, those of a site and of the machine."""


class ActionList(RowList):
    """Actions, one a line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", "open")]

    class ActionChosen(Message):
        """Enter was pressed on an action."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, actions: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(id="action-list")
        self.actions = actions
        self.styles.height = max(1, len(actions))

    def show(self, actions: tuple[tuple[str, str, str], ...]) -> None:
        """Show other actions."""
        self.actions = actions
        self.styles.height = max(1, len(actions))
        self.changed()

    def count(self) -> int:
        return len(self.actions)

    def row(self, number: int) -> list[Segment]:
        _, label, explanation = self.actions[number]
        return [Segment(set_cell_size(f"  {label}", 22), Style(bold=True)), Segment(explanation)]

    def action_choose(self) -> None:
        if self.actions:
            self.post_message(self.ActionChosen(self.actions[self.active][0]))

    def clicked(self, *, again: bool) -> None:
        self.action_choose()


class SitePage(Page):
    """Everything that can be done with one site."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="site-page")
        self.site = site
        self.summary = Static("", id="site-summary", markup=False)
        self.actions_list = ActionList(_actions(by_hand=False))

    def body(self) -> Iterable[Widget]:
        yield self.summary
        yield self.actions_list

    def on_mount(self) -> None:
        self.rail.show(self.site, "")
        self.actions_list.focus()
        self._read()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        self._read()

    def _read(self) -> None:
        self.run_in_background(self.service.saved_overview, self._show, group="overview")
        self.run_in_background(lambda: self.service.router_rules(self.site), self._show_router, group="rules")

    def _show_router(self, rules: RouterRules | None) -> None:
        """Offer the steps for the router while there are any; the cursor stays on its action."""
        shown = _actions(by_hand=rules is not None)
        if shown != self.actions_list.actions:
            chosen = self.actions_list.actions[self.actions_list.active]
            self.actions_list.show(shown)
            self.actions_list.go(shown.index(chosen) if chosen in shown else 0)

    def _show(self, overview: HomeOverview) -> None:
        site = overview.site(self.site)
        if site is not None:
            self.summary.update(site_summary(site, datetime.now(UTC)))

    async def on_action_list_action_chosen(self, event: ActionList.ActionChosen) -> None:
        go, site = self.navigator, self.site
        if event.name == "deploy":
            await go.runs.deploy(site)
        elif event.name in MACHINE_PAGES:
            await getattr(go, MACHINE_PAGES[event.name])()
        else:
            await getattr(go, SITE_PAGES[event.name])(site)


def _actions(*, by_hand: bool) -> tuple[tuple[str, str, str], ...]:
    return tuple(one for one in ACTIONS if by_hand or one != ROUTER_STEPS)
