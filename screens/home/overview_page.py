"""Show all sites, the chosen one, this Pi, and what needs the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from piwizard.screens.home.site_list import SiteList, SiteRow
from piwizard.screens.messages import ActionPressed
from piwizard.screens.pages.page import Page
from piwizard.screens.symbols import STYLES, SYMBOLS
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from piwizard.screens.screen_service import MachineOverview, ScreenService

SITE_BUTTONS = (("deploy", "Deploy"), ("logs", "Logs"), ("check", "Check"), ("settings", "Settings"), ("more", "More…"))


class OverviewPage(Page):
    """The page to come back to. It is drawn from what was saved, then refreshed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", show=False),
        Binding("d", "deploy", "deploy"),
        Binding("l", "logs", "logs"),
        Binding("c", "check", "check"),
        Binding("s", "settings", "settings"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, id="overview")
        self.sites = SiteList()
        self.sites_heading = Static(" Sites", classes="heading", markup=False)
        self.detail = Static("", id="site-detail", markup=False)
        self.host = Static("", id="host-detail", markup=False)

    def compose(self) -> ComposeResult:
        yield self.rail
        with VerticalScroll(id="overview-body", can_focus=False):
            yield self.sites_heading
            yield self.sites
            yield self.detail
            with self.actions:
                for name, label in SITE_BUTTONS:
                    yield ActionButton(name, label)
            yield self.host
            yield Horizontal(id="attention")
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.notify_line("")
        self.actions.display = False
        self.sites.focus()
        self.refresh_data()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        if self.sites.rows:
            self.refresh_data()

    def refresh_data(self) -> None:
        """Look at this machine again."""
        self.run_in_background(lambda: self.service.overview(thorough=False), self._show, group="overview")

    def _show(self, overview: MachineOverview) -> None:
        self.show_machine(overview.facts)
        rows = []
        for site, domains in overview.domains.items():
            states = [one.state for one in overview.statuses if one.place.site == site and not one.waits]
            worst = next((one for one in ("failed", "interrupted", "running", "drifted") if one in states), "")
            state = worst or ("done" if states and set(states) <= {"done", "skipped"} else "todo")
            address = f"http://{domains[0]}" if domains else ""
            rows.append(SiteRow(site, SYMBOLS[state], STYLES[state], state, address))
        self.sites.show(rows)
        self.sites_heading.update(Text(self.sites.heading(), "bold"))
        self._show_chosen()
        if overview.trouble:
            self.notify_line(overview.trouble)

    def _show_chosen(self) -> None:
        site = self.sites.chosen
        self.detail.update(Text(f"\n {site}", "bold") if site else Text("\n Set up another app.", "dim"))
        self.actions.display = bool(site)
        self.refresh_bindings()

    def on_site_list_highlighted(self, event: SiteList.Highlighted) -> None:
        self._show_chosen()

    async def on_site_list_site_opened(self, event: SiteList.SiteOpened) -> None:
        if event.site:
            await self.navigator.open_site(event.site)
        else:
            await self.navigator.open_setup()

    async def on_action_pressed(self, event: ActionPressed) -> None:
        event.stop()
        await self.app.run_action(event.name, self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action can be used: those of a site need one."""
        return bool(self.sites.chosen) if action in dict(SITE_BUTTONS) else True

    # Keys and buttons: they open pages.

    def action_stay(self) -> None:
        """Stay on the overview: there is no page below it."""

    async def action_deploy(self) -> None:
        await self.navigator.deploy(self.sites.chosen)

    async def action_logs(self) -> None:
        await self.navigator.open_app_log(self.sites.chosen)

    async def action_check(self) -> None:
        await self.navigator.open_checkup()

    async def action_settings(self) -> None:
        await self.navigator.open_settings(self.sites.chosen)

    async def action_more(self) -> None:
        await self.navigator.open_site(self.sites.chosen)
