"""The first page: what will happen, or what has happened since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from piwizard.screens.estimates import usual
from piwizard.screens.log.run_outcome import RunOutcome
from piwizard.screens.log.run_progress import duration
from piwizard.screens.pages.text_page import TextPage, heading
from piwizard.screens.screen_service import MachineOverview
from piwizard.screens.symbols import SIGNS, STYLES
from piwizard.screens.widgets.header import board

if TYPE_CHECKING:
    from piwizard.setup.status import Status

GROUPS = {
    "running": "Going on in the background",
    "interrupted": "Cut off before its end",
    "failed": "Failed",
    "drifted": "No longer as it was left",
    "done": "Done",
    "todo": "Still to do",
    "skipped": "Left out",
}


class WelcomePage(TextPage):
    """For the first visit."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: MachineOverview | None = None

    def show(self, overview: MachineOverview) -> None:
        """The machine is known now."""
        self._overview = overview
        self.renew()

    def text(self) -> Text:
        text = Text()
        heading(text, "Welcome to piwizard")
        text.append(
            "It sets up what your own web app needs to be on the Internet, at your own name: the web server nginx, "
            "the service that runs your app, and what belongs to them. You answer some questions, see exactly what "
            "would be altered, and say yes. Nothing is altered before.\n"
        )
        heading(text, "Have at hand")
        text.append("  • the address of your app's git repository\n  • the name it shall have on the Internet\n")
        text.append("  • where your home's address changes: the login of your dynamic DNS\n")
        heading(text, "You can leave at any moment")
        text.append(
            "Answers are kept as you give them. What runs goes on without you, also when the connection drops. "
            "`piwizard` brings you back to where you were.\n"
        )
        if self._overview is not None:
            facts = self._overview.facts
            needed = [place.step for place in self._overview.places if not place.step.optional]
            seconds = sum(usual(step, None, facts) for step in needed)
            heading(text, "This machine")
            text.append(f"{facts.hostname}: {board(facts)}, {facts.os.pretty}. ")
            text.append(f"What there is to do takes about {duration(seconds)} on it, besides your answers.\n")
            if facts.os.unsupported:
                text.append(f"\n{facts.os.unsupported}\n", "bold red")
        return text


class WelcomeBackPage(TextPage):
    """For every other visit."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: MachineOverview | None = None
        self._outcomes: dict[object, RunOutcome] = {}
        self._thorough = False

    def show(self, overview: MachineOverview, outcomes: dict[object, RunOutcome], *, thorough: bool) -> None:
        """What is known by now."""
        self._overview, self._outcomes, self._thorough = overview, outcomes, thorough
        self.renew()

    def text(self) -> Text:
        text = Text()
        heading(text, "Welcome back")
        if self._overview is None:
            return text.append("Looking at how things are…\n", "dim")
        if self._overview.trouble:
            text.append(f"{self._overview.trouble}\n", "yellow")
        for state, words in GROUPS.items():
            self._group(text, words, [one for one in self._overview.statuses if one.state == state and not one.waits])
        self._group(text, "Optional, if you like", [one for one in self._overview.statuses if one.waits])
        if not self._thorough:
            text.append("\nChecking whether what was done still holds…\n", "dim")
        return text

    def _group(self, text: Text, words: str, found: Sequence[Status]) -> None:
        if not found:
            return
        heading(text, words)
        state = found[0].state
        if state in ("done", "todo", "skipped"):
            text.append(f"{SIGNS[state]} ", STYLES[state])
            text.append(", ".join(status.place.step.title for status in found) + "\n")
            return
        for status in found:
            self._line(text, status)

    def _line(self, text: Text, status: Status) -> None:
        outcome = self._outcomes.get(status.place, RunOutcome())
        text.append(f"{SIGNS[status.state]} {status.place.step.title}", STYLES[status.state])
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
