"""Show the first page: an introduction, or the changes since the last visit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.screens.log.run_outcome import RunOutcome
from piwizard.screens.log.run_progress import duration
from piwizard.screens.pages.text_page import TextPage, heading
from piwizard.screens.screen_service import MachineOverview, titles
from piwizard.screens.symbols import STYLES, SYMBOLS
from piwizard.screens.widgets.header import board
from piwizard.setup.estimates import expected_seconds

if TYPE_CHECKING:
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance

GROUPS = {
    "running": "Running",
    "interrupted": "Interrupted",
    "failed": "Failed",
    "drifted": "Changed outside piwizard",
    "done": "Done",
    "todo": "To do",
    "skipped": "Skipped",
}


class WelcomePage(TextPage):
    """The page of the first visit."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: MachineOverview | None = None

    def show(self, overview: MachineOverview) -> None:
        """Show what is known of the machine."""
        self._overview = overview
        self.update_text()

    def text(self) -> Text:
        text = Text()
        heading(text, "Welcome to piwizard")
        text.append(
            "piwizard puts your own web app on the Internet, under your own domain: it sets up the web server nginx, "
            "the service that runs your app, and what they need. You answer some questions and see exactly what "
            "will change. Nothing changes until you confirm.\n"
        )
        heading(text, "You will need")
        text.append("  • the address of your app's Git repository\n  • the domain that people will type\n")
        text.append("  • if you use DuckDNS, No-IP or similar: your login or token\n")
        heading(text, "You can leave at any time")
        text.append(
            "Your answers are saved as you go. Installation continues if you disconnect. "
            "Run `piwizard` to return to where you were.\n"
        )
        if self._overview is not None:
            facts = self._overview.facts
            needed = [instance.step for instance in self._overview.instances if not instance.step.optional]
            seconds = sum(expected_seconds(step, None, facts) for step in needed)
            heading(text, "This machine")
            text.append(f"{facts.hostname}: {board(facts)}, {facts.os.pretty}. ")
            text.append(f"Setup takes about {duration(seconds)}.\n")
            if facts.os.unsupported:
                text.append(f"\n{facts.os.unsupported}\n", "bold red")
        return text


class WelcomeBackPage(TextPage):
    """The page of every other visit."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: MachineOverview | None = None
        self._outcomes: dict[object, RunOutcome] = {}
        self._thorough = False
        self._titles: dict[StepInstance, str] = {}

    def show(self, overview: MachineOverview, outcomes: dict[object, RunOutcome], *, thorough: bool) -> None:
        """Show what is known by now."""
        self._overview, self._outcomes, self._thorough = overview, outcomes, thorough
        self.update_text()

    def text(self) -> Text:
        text = Text()
        heading(text, "Welcome back")
        if self._overview is None:
            return text.append("Checking this machine…\n", "dim")
        instances = [status.place for status in self._overview.statuses]
        self._titles = dict(zip(instances, titles(instances), strict=True))
        if self._overview.trouble:
            text.append(f"{self._overview.trouble}\n", "yellow")
        for state, title in GROUPS.items():
            self._group(text, title, [one for one in self._overview.statuses if one.state == state and not one.waits])
        self._group(text, "Optional, not set up", [one for one in self._overview.statuses if one.waits])
        if not self._thorough:
            text.append("\nChecking what is set up…\n", "dim")
        return text

    def _group(self, text: Text, title: str, found: Sequence[Status]) -> None:
        if not found:
            return
        heading(text, title)
        state = found[0].state
        if state in ("done", "todo", "skipped"):
            text.append(f"{SYMBOLS[state]} ", STYLES[state])
            text.append(", ".join(self._titles[status.place] for status in found) + "\n")
            return
        for status in found:
            self._line(text, status)

    def _line(self, text: Text, status: Status) -> None:
        outcome = self._outcomes.get(status.place, RunOutcome())
        text.append(f"{SYMBOLS[status.state]} {self._titles[status.place]}", STYLES[status.state])
        if status.state == "running" and status.at:
            text.append(f", for {duration(_since(status.at))}")
        elif status.state == "interrupted":
            text.append(f", at: {outcome.command or outcome.change}" if outcome.command or outcome.change else "")
        elif outcome.message or status.summary:
            text.append(f": {outcome.message or status.summary}")
        text.append("\n")


def _since(at: str) -> float:
    try:
        began = datetime.fromisoformat(at.replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return max(0.0, (datetime.now(began.tzinfo) - began).total_seconds())
