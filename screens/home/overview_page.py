"""Show all sites, the chosen one, this Pi, and what needs the user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from piwizard.screens.home.overview_text import host_detail, needs_you, site_detail, site_row
from piwizard.screens.home.site_list import NARROW_COLUMNS, SiteList
from piwizard.screens.page import Page
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from textual.events import Resize
    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.site_overview import Attention, HomeOverview

SITE_BUTTONS = (("deploy", "Deploy"), ("logs", "Logs"), ("check", "Check"), ("settings", "Settings"), ("more", "More…"))
ATTENTION_LABELS = {
    "answer": "Enter it",
    "continue": "Install",
    "failure": "Show why",
    "check": "Diagnose",
    "restart": "Diagnose",
    "resume": "Continue",
    "backup": "Back up",
    "sheet": "Show it",
}
SECONDS_BETWEEN_CHECKS = 300
SECONDS_FOR_FIRST_PAINT = 0.05
"""Seconds before the machine is read: loading what that needs would delay the first paint."""


class OverviewPage(Page):
    """The page to come back to. It is drawn from what was saved, then refreshed."""

    help_text = (
        "Overview\n"
        "All sites, what each needs, and the state of this Pi. "
        "Choose a site and press Enter for everything that can be done with it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", show=False),
        Binding("d", "deploy", "deploy"),
        Binding("l", "logs", "logs"),
        Binding("c", "check", "check"),
        Binding("s", "settings", "settings"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="overview")
        self.overview: HomeOverview | None = None
        self.sites = SiteList()
        self.sites_heading = Static(" Sites", markup=False)
        self.detail = Static("", id="site-detail", markup=False)
        self.host = Static("", id="host-detail", markup=False)
        self.attention = Vertical(id="attention")
        self._attention: tuple[Attention, ...] = ()

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
            yield self.attention
        yield self.notice
        yield KeyLine()

    def on_mount(self) -> None:
        self.sites.focus()
        self.set_timer(SECONDS_FOR_FIRST_PAINT, self._begin)
        self.set_interval(SECONDS_BETWEEN_CHECKS, self._check)

    def _begin(self) -> None:
        self.read_machine()
        self._read()

    def on_screen_resume(self) -> None:
        """Show what has changed while another page was in front."""
        if self.overview is not None:
            self._read()

    def _read(self) -> None:
        """Show what was saved, then check again."""
        self.run_in_background(self.service.saved_overview, self._read_saved, group="saved")

    def _read_saved(self, overview: HomeOverview) -> None:
        self._show(overview)
        self._check()

    def _check(self) -> None:
        self.run_in_background(self.service.refresh_overview, self._show, group="check")

    def _show(self, overview: HomeOverview) -> None:
        self.overview = overview
        now = datetime.now(UTC)
        self.sites.show([site_row(site, now) for site in overview.sites])
        self.start(self._show_attention, "attention")
        self._show_chosen()

    def _show_chosen(self) -> None:
        if self.overview is None:
            return
        now, width = datetime.now(UTC), self.size.width - 2
        self.sites_heading.update(Text(self.sites.heading(), "bold"))
        site = self.overview.site(self.sites.chosen)
        if site is not None:
            self.detail.update(Text("\n").append_text(site_detail(site, self.overview.checked_at, now, width)))
        else:
            self.detail.update(Text("\n Press Enter to set up an app from its Git repository.\n", "dim"))
        self.host.update(host_detail(self.overview.host, width))
        self.actions.display = site is not None
        if site is not None and (deploy := self.button("deploy")) is not None:
            deploy.show("Install" if site.state in ("new", "waiting") else "Deploy")
        self.refresh_bindings()

    async def _show_attention(self) -> None:
        """Show what needs the user, each with its button; they stay if nothing has changed."""
        overview = self.overview
        if overview is None or overview.attention == self._attention:
            return
        self._attention = overview.attention
        focused = next((button.name for button in self.attention.query(ActionButton) if button.has_focus), "")
        await self.attention.remove_children()
        rows: list[Widget] = []
        single = len(overview.attention) == 1
        if overview.attention and not single:
            rows.append(Static(Text(f" {needs_you(overview)}", "bold"), markup=False))
        for number, one in enumerate(overview.attention):
            what = one.text if self.size.width >= NARROW_COLUMNS else one.site or one.text
            lead = f"{needs_you(overview)}: " if single else ""
            button = ActionButton(f"attend({number})", ATTENTION_LABELS.get(one.action, "Open"))
            rows.append(Horizontal(Static(f" {lead}{what}  ", markup=False), button))
        await self.attention.mount_all(rows)
        for kept in self.attention.query(ActionButton):
            if kept.name == focused:
                kept.focus()

    def on_resize(self, event: Resize) -> None:
        self._show_chosen()

    def on_site_list_highlighted(self, event: SiteList.Highlighted) -> None:
        self._show_chosen()

    async def on_site_list_site_opened(self, event: SiteList.SiteOpened) -> None:
        if event.site:
            await self.navigator.open_site(event.site)
        else:
            await self.navigator.open_setup()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action can be used: those of a site need one."""
        return bool(self.sites.chosen) if action in dict(SITE_BUTTONS) else True

    # Keys and buttons: they open pages.

    def action_stay(self) -> None:
        """Stay on the overview: there is no page below it."""

    async def action_deploy(self) -> None:
        """Show what a deployment changes, or continue a setup."""
        site = self.overview.site(self.sites.chosen) if self.overview else None
        if site is not None and site.state in ("new", "waiting"):
            await self.navigator.open_setup(site.name)
        else:
            await self.navigator.runs.deploy(self.sites.chosen)

    async def action_logs(self) -> None:
        await self.navigator.open_app_log(self.sites.chosen)

    async def action_check(self) -> None:
        await self.navigator.open_checkup()

    async def action_settings(self) -> None:
        await self.navigator.open_settings(self.sites.chosen)

    async def action_more(self) -> None:
        await self.navigator.open_site(self.sites.chosen)

    async def action_attend(self, number: int) -> None:
        """Open what helps with one of the things that need the user."""
        first = self._attention[number] if number < len(self._attention) else None
        if first is None:
            return
        match first.action:
            case "backup":
                await self.navigator.open_backups()
            case "sheet":
                await self.navigator.open_sheet()
            case "answer":
                await self.navigator.open_setup(first.site, key=first.key)
            case "continue" | "resume":
                await self.navigator.open_setup(first.site)
            case "failure":
                await self.navigator.open_failure(first.site)
            case _:
                await self.navigator.open_doctor(first.site)
