"""Tell how to forward ports in the router by hand, and notice the first visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from piwizard.screens.home.site_list import NARROW_COLUMNS
from piwizard.screens.home.visit_watch import VisitWatch
from piwizard.screens.page import Page
from piwizard.screens.widgets.pending_text import PendingText

if TYPE_CHECKING:
    from textual.widget import Widget

    from piwizard.nginx.access_log import Visit
    from piwizard.screens.home.router_rules import RouterRules
    from piwizard.screens.screen_service import ScreenService

SECONDS_BETWEEN_CHECKS = 2.0
TEXT_WIDTH, INDENT = 74, 3
NOTHING_BY_HAND = "This site needs no steps in the router. The setting “Port forwarding” decides that."


class RouterPage(Page):
    """Instructions for the router. The first visit from outside ticks them off."""

    STAGE = 3
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "later", "overview")]
    help_text = (
        "Common routers\nFRITZ!Box: Internet, Permit Access, Port Sharing. Speedport: Internet, Port Rules. "
        "TP-Link: Advanced, NAT Forwarding, Virtual Servers. Netgear: Advanced, Port Forwarding. "
        "ASUS: WAN, Virtual Server. UniFi: Settings, Firewall, Port Forwarding.\n"
        "If your provider shares one public address among many homes (CGNAT), no rule can help: ask the provider "
        "for an address of your own."
    )

    def __init__(self, service: ScreenService, site: str) -> None:
        super().__init__(service, kind="router-page")
        self.site = site
        self.visit_watch = VisitWatch(service, site)
        self.text = PendingText("Reading your network…")
        self._rules: RouterRules | None = None
        self._visited = False

    def body(self) -> Iterable[Widget]:
        return (self.text,)

    def buttons(self) -> Sequence[tuple[str, str]]:
        if self.app.size.width < NARROW_COLUMNS:
            return (("later", "Later"), ("save", "Save the steps"), ("code", "QR code"))
        return (("later", "I’ll do this later"), ("save", "Save these steps"), ("code", "Show a QR code"))

    def on_mount(self) -> None:
        self.show_title(self.site)
        self.read_machine()
        self.read_for(self.text, lambda: self.service.router_rules(self.site), self._show, group="rules")
        self.set_interval(SECONDS_BETWEEN_CHECKS, self._check_visit)
        self.call_after_refresh(self.focus_button, "later")

    def _show(self, rules: RouterRules | None) -> None:
        if rules is None:
            self.text.refuse(NOTHING_BY_HAND)
            return
        self._rules = rules
        self.text.update(
            router_text(rules, self.site, visited=self._visited, width=min(TEXT_WIDTH, self.size.width - 4))
        )

    def _check_visit(self) -> None:
        if not self._visited and self.in_front:
            self.run_in_background(self.visit_watch.find, self._looked, group="visit")

    def _looked(self, visit: Visit | None) -> None:
        if visit is not None and not self._visited:
            self._visited = True
            if self._rules is not None:
                self._show(self._rules)
            self.start(self._show_continue, "buttons")

    async def _show_continue(self) -> None:
        await self.show_buttons((("continue", "Continue"),))
        self.focus_button("continue")

    async def action_continue(self) -> None:
        """Continue with what had to wait for visitors, such as the certificate."""
        await self.navigator.runs.continue_setup(self.site)

    async def action_later(self) -> None:
        await self.navigator.open_home()

    def action_save(self) -> None:
        """Say where the steps are saved."""
        if self._rules is not None:
            self.notify_line(f"Saved in {self._rules.saved_in}.", "green")

    async def action_code(self) -> None:
        """Show the address to open from outside."""
        if self._rules is not None and self._rules.outside:
            await self.navigator.show_code(self._rules.outside)


def router_text(rules: RouterRules, site: str, *, visited: bool, width: int = TEXT_WIDTH) -> Text:
    """Return the instructions, wrapped."""
    outside = f"open  {rules.outside}" if rules.outside else "open your site"
    text = Text("One thing left: let visitors through your router\n", "bold")
    intro = f"{site} works at home. Your router has no automatic setup, so add two rules."
    text.append("\n".join(wrap(intro, width)) + "\n", "not bold")
    _step(text, 1, f"On a computer at home, open  {rules.router}  and sign in.", width)
    _step(
        text, 2, "Find “Port forwarding”. Some routers call it “Port sharing”, “Virtual server” or “NAT”. Add:", width
    )
    columns = (9, 11, 16, 17) if width >= TEXT_WIDTH else (7, 9, 14, 14)
    rows = [("Name", "Protocol", "External port" if width >= TEXT_WIDTH else "External", "To address", "To port")]
    rows += [(name, "TCP", str(port), rules.address, str(port)) for name, port in rules.ports]
    for number, row in enumerate(rows):
        cells = "".join(f"{cell:<{size}}" for cell, size in zip(row, (*columns, 0), strict=True))
        text.append(f"   {cells.rstrip()}\n", "not bold dim" if number == 0 else "not bold")
    if rules.mac:
        reserve = f"Reserve {rules.address} for {rules.mac}, so that the rules keep pointing to this Pi."
        _step(text, 3, f"Find “Address reservation” or “DHCP”. {reserve}", width)
    _step(text, 4 if rules.mac else 3, f"On a phone with Wi-Fi turned off, {outside}", width)
    if visited:
        text.append("   ✓ ", "not bold green").append("A visitor got in. Your router is set up.\n", "bold")
    else:
        text.append("   ● ", "not bold cyan").append("Waiting for that visit…", "not bold")
        text.append("   this page notices it\n", "not bold dim")
    return text


def _step(text: Text, number: int, words: str, width: int) -> None:
    lines = wrap(words, width - INDENT, drop_whitespace=True)
    text.append(f"\n{number:<{INDENT}}", "bold").append(f"\n{'':<{INDENT}}".join(lines) + "\n", "not bold")
