"""Show that an app is online: its address, certificate, and first visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.home.visit_watch import VisitWatch
from piwizard.screens.page import Page
from piwizard.screens.widgets.fitted_text import FittedText, hanging
from piwizard.screens.widgets.qr_code import qr_code

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.diagnosis.findings import Finding
    from piwizard.nginx.access_log import Visit
    from piwizard.screens.screen_service import ScreenService
    from piwizard.setup.site_overview import HomeOverview, SiteOverview

COLUMNS_FOR_ASCII_CODE = 110
SECONDS_BETWEEN_CHECKS = 2.0
GRADE_CHECK = "ssl-labs-grade"


class DonePage(Page):
    """The result of a setup or of a deployment."""

    STAGE = 4
    help_text = (
        "Your site\n"
        "The address of your site, and whether visitors from outside reach it. "
        "Push a new commit and choose Deploy on the overview to put it online."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "home", "overview"),
        Binding("q", "app.leave", "quit"),
    ]

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="done")
        self.site = site
        self.visit_watch = VisitWatch(service, site)
        self.text = FittedText(id="done-text")
        self.code = Static(id="qr", markup=False)
        self._overview: SiteOverview | None = None
        self._grade = ""
        self._visit: Visit | None = None

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="done-columns"):
            yield self.text
            yield self.code

    def buttons(self) -> Sequence[tuple[str, str]]:
        if not self._has_room():
            return (("home", "Overview"), ("checkup", "Checkup"), ("another", "Add a site"), ("code", "QR code"))
        return (("home", "Go to overview"), ("checkup", "Open the checkup"), ("another", "Add another site"))

    def _has_room(self) -> bool:
        """Return whether the QR code fits beside the text; in ASCII, it takes four times the room."""
        return self.app.size.width >= (COLUMNS_FOR_ASCII_CODE if self.only_ascii else NARROW_COLUMNS)

    def on_resize(self) -> None:
        self.code.display = self._has_room()

    def on_mount(self) -> None:
        self.code.display = self._has_room()
        self.show_title(self.site)
        self.read_machine()
        self.run_in_background(self.service.saved_overview, self._saved, group="overview")
        self.set_interval(SECONDS_BETWEEN_CHECKS, self._check_visit)
        self.call_after_refresh(self.focus_button, "home")

    def _saved(self, overview: HomeOverview) -> None:
        self._show(overview)
        self.run_in_background(self.service.refresh_overview, self._show, group="overview")
        if self._overview is not None and self._overview.https and self._overview.addresses:
            self.run_in_background(self.service.checkup, self._graded, group="checkup")

    def _show(self, overview: HomeOverview) -> None:
        self._overview = overview.site(self.site)
        self._draw()

    def _graded(self, findings: Sequence[Finding]) -> None:
        found = [one for one in findings if one.id == GRADE_CHECK and one.site in (None, self.site)]
        self._grade = found[0].subject if found else ""
        self._draw()

    def _check_visit(self) -> None:
        public = self._overview is not None and self._overview.addresses
        if public and self._visit is None and self.in_front:
            self.run_in_background(self.visit_watch.find, self._looked, group="visit")

    def _looked(self, visit: Visit | None) -> None:
        if visit is not None and self._visit is None:
            self._visit = visit
            self._draw()

    def _draw(self) -> None:
        if self._overview is None:
            installed = Text().append("✓ ", "bold green").append(f"{self.site} is installed.", "bold")
            self.text.show(lambda _: installed)
            return
        self.text.show(partial(done_text, self._overview, self._grade, self._visit is not None))
        if address := self._address_for_phones():
            self.code.update(qr_code(address, only_ascii=self.only_ascii))

    def _address_for_phones(self) -> str:
        """Return the public address, else the local IP: not every phone finds names of the home network."""
        site = self._overview
        return "" if site is None else next(iter((*site.addresses, *reversed(site.home_addresses))), "")

    async def action_home(self) -> None:
        await self.navigator.open_home()

    async def action_checkup(self) -> None:
        await self.navigator.open_checkup()

    async def action_code(self) -> None:
        """Show the address as a QR code, where the page has no room for it."""
        if address := self._address_for_phones():
            await self.navigator.show_code(address)

    async def action_another(self) -> None:
        await self.navigator.open_setup()


def done_text(site: SiteOverview, grade: str, visited: bool, columns: int) -> Text:
    """Return what is known of a site that was just installed."""
    online = bool(site.addresses)
    text = (
        Text().append("✓ ", "bold green").append(f"Your app is {'online' if online else 'running at home'}\n\n", "bold")
    )
    for address in site.addresses or site.home_addresses:
        text.append(f"{address.rstrip('/')}\n", "bold")
    text.append("\n")
    rows: list[tuple[str, str, str]] = []
    if site.page_ms is not None:
        status = "200 OK" if site.page_status == 200 else f"status {site.page_status}"
        rows.append(("✓", "green", f"Opened from this Pi: {status}, {site.page_ms} ms"))
    elif site.problem:
        rows.append(("!", "yellow", f"Opened from this Pi: {site.problem}"))
    else:
        rows.append(("●", "bold cyan", "Opening it from this Pi…"))
    if site.certificate_days is not None:
        rows.append(("✓", "green", f"Certificate valid for {site.certificate_days} days, renews automatically"))
    elif site.https and online:
        rows.append(("○", "dim", "HTTPS follows as soon as visitors get in"))
    if grade:
        rows.append(("✓", "green", f"Expected SSL Labs grade: {grade}"))
    if online and visited:
        rows.append(("✓", "green", "Visited from outside: visitors get in"))
    elif online:
        rows.append(("●", "bold cyan", "Waiting for a visit from outside: scan the code with Wi-Fi turned off"))
    for symbol, style, words in rows:
        text.append(f"{symbol} ", f"not bold {style}").append(f"{hanging(words, columns, 2)}\n", "not bold")
    if online and site.home_addresses:
        at_home = f"At home: {' or '.join(one.rstrip('/') for one in site.home_addresses)}"
        text.append(f"{hanging(at_home, columns, 0)}\n", "not bold dim")
    live = f"Commit {site.version} is live. " if site.version else ""
    advice = f"{live}To update it, push to your repository and choose Deploy."
    text.append("\nGood to know\n", "bold")
    text.append(f"{hanging(advice, columns, 0)}\n", "not bold")
    text.append(f"Your data is in /srv/{site.name}/data.\n", "not bold")
    return text
