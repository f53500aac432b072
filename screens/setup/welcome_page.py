"""Show the page of the first visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from piwizard.screens.page import Page
from piwizard.screens.widgets.run_progress import duration
from piwizard.setup.estimates import first_setup_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from piwizard.screens.screen_service import ScreenService
    from piwizard.system.facts import Facts

TITLE = "Put your Flask app online from this Raspberry Pi"
STAGES = (
    ("Your app", "Paste the address of its Git repository."),
    ("Address", "Choose who can open it, and under which name."),
    ("Review", "See everything that will change."),
    ("Install", "You can disconnect; it keeps going."),
)
NEEDS = (
    "the repository address, such as https://github.com/you/app",
    "for a public site: a domain, or a free name from DuckDNS or No-IP",
)
LEAST_FREE_MIB = 1024
NARROW_COLUMNS = 70
SECONDS_FOR_FIRST_PAINT = 0.05
"""Seconds before the machine is read: loading what that needs would delay the first paint."""


class WelcomePage(Page):
    """The stages of a setup, and one button to start."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", show=False), Binding("q", "app.leave", "quit"),
    ]  # fmt: skip

    def __init__(self, service: ScreenService) -> None:
        super().__init__(service, kind="welcome")
        self.introduction = Static(introduction(""), classes="welcome-text", markup=False)
        self.ready = Static(Text("Checking this Pi…", "dim"), classes="welcome-text", markup=False)

    def body(self) -> Iterable[Widget]:
        yield self.introduction
        yield self.ready

    def buttons(self) -> Sequence[tuple[str, str]]:
        rehearse = "Rehearse" if self.app.size.width < NARROW_COLUMNS else "Rehearse in a throwaway copy"
        return (("begin", "Start"), ("rehearse", rehearse), ("restore", "Restore"), ("leave", "Quit"))

    def on_mount(self) -> None:
        if button := self.button("begin"):
            button.focus()
        self.set_timer(SECONDS_FOR_FIRST_PAINT, self._read)

    def _read(self) -> None:
        self.run_in_background(self.service.facts, self._show, group="facts")

    def _show(self, facts: Facts) -> None:
        self.show_machine(facts)
        self.introduction.update(introduction(f"About {duration(first_setup_seconds(facts))}. "))
        self.ready.update(readiness(facts))

    async def action_begin(self) -> None:
        """Open the first page of the setup."""
        await self.navigator.open_setup()

    async def action_rehearse(self) -> None:
        """Rehearse in a copy of this machine."""
        await self.navigator.open_rehearsal()

    async def action_restore(self) -> None:
        """Restore this Pi from the backup of a broken one."""
        await self.navigator.open_pi_restore()

    async def action_leave(self) -> None:
        """Quit."""
        await self.app.run_action("app.leave")

    def action_stay(self) -> None:
        """Stay: there is no page below."""


def introduction(about: str) -> Text:
    """Return the stages, and what a person needs for them.

    `about` says how long the installation takes.
    """
    text = Text().append(f"{TITLE}\n", "bold")
    for number, (stage, words) in enumerate(STAGES, 1):
        lead = about if stage == "Install" else ""
        text.append(f"\n{number}  ", "bold").append(f"{stage:<11}{lead}{words}")
    text.append("\n\nYou will need\n", "bold")
    text.append("\n".join(f"• {one}" for one in NEEDS))
    return text.append(
        "\n\nNothing changes on this Pi until you choose Install in step 3.\n"
        "Your answers are saved as you go, so you can stop and return anytime.\n",
    )


def readiness(facts: Facts) -> Text:
    """Return whether this machine is ready, or the reason why not."""
    problems = [one for one in (facts.os.unsupported, _disk_problem(facts), _port_problem(facts)) if one]
    if facts.clock.synchronised is False:
        problems.append("The clock is not synchronized yet. It usually is within a minute.")
    if problems:
        return Text("\n").join(Text().append("! ", "yellow").append(one) for one in problems)
    free = f"{facts.disk.free / 1024:.0f} GB free, " if facts.disk.free is not None else ""
    clock = "clock correct, " if facts.clock.synchronised else ""
    text = Text().append("✓ ", "green")
    return text.append(f"This Pi is ready: {free}{clock}ports 80 and 443 available")


def _disk_problem(facts: Facts) -> str:
    free = facts.disk.free
    if facts.disk.read_only:
        return "The disk is read-only."
    return f"Only {free} MB are free. Free some space first." if free is not None and free < LEAST_FREE_MIB else ""


def _port_problem(facts: Facts) -> str:
    taken = [owner for number in (80, 443) if (owner := facts.port(number)) and owner.program != "nginx"]
    return f"{taken[0].words} uses port {taken[0].port}. piwizard tells you what to do about it." if taken else ""
