"""The first tab: what a step is for, how it stands, its questions, and what can be done."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from piwizard.screens.background import WidgetQueue
from piwizard.screens.form.setup_form import SetupForm
from piwizard.screens.log.run_outcome import RunOutcome
from piwizard.screens.symbols import SIGNS, STYLES
from piwizard.screens.widgets.action_button import ActionButton

if TYPE_CHECKING:
    from piwizard.setup.service import Asked
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance

ACTIONS = {
    "todo": (("run", "Set this up"), ("all", "All the rest")),
    "running": (("log", "The log"), ("stop", "Stop")),
    "done": (("again", "Run it again"),),
    "drifted": (("run", "Put it right"), ("plan", "See what differs")),
    "failed": (("run", "Try again"), ("log", "The log"), ("shell", "Shell")),
    "interrupted": (("run", "Go on"), ("log", "The log")),
    "skipped": (("unskip", "Take it up again"),),
}
COMMAND_LENGTH = 90
URGENT = ("failed", "interrupted", "drifted", "running")
"""States of which more is to be said than what the step is for; their buttons stand before the questions."""


def actions(state: str, *, optional: bool) -> tuple[tuple[str, str], ...]:
    """What can be done about a step in this state: names and the words of their buttons."""
    wanted = ACTIONS.get(state, ACTIONS["todo"])
    return (*wanted, ("skip", "Skip it")) if optional and state in ("todo", "failed", "interrupted") else wanted


class SetupPane(Vertical):
    """The chosen step, to be read and answered."""

    def __init__(self) -> None:
        super().__init__(id="setup", classes="pane")
        self.form = SetupForm()
        """The step's questions."""
        self._actions: tuple[tuple[str, str], ...] = ()
        self._queue = WidgetQueue()
        self.refused = False
        """Whether the questions of the step cannot be known."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(id="title", markup=False)
            yield Static(id="standing", markup=False)
            yield Static(id="why", markup=False)
            yield Static(id="asking", markup=False)
            yield self.form
            yield Horizontal(id="actions")

    def show(self, place: StepInstance) -> None:
        """Another step."""
        self.refused = False
        optional = "   optional" if place.step.optional else ""
        self.query_one("#title", Static).update(Text(place.step.title, "bold").append(optional, "not bold dim"))
        self.query_one("#why", Static).update(place.step.why)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    async def introduce(self, title: str, why: str) -> None:
        """Something else than a step: its words, and nothing to answer here."""
        self.query_one("#title", Static).update(Text(title, "bold"))
        self.query_one("#why", Static).update(why)
        self.query_one("#why").set_class(False, "-away")
        self.query_one("#standing").display = False
        await self._queue.run(self._nothing_to_do())

    async def ask(self, place: StepInstance, asked: Asked) -> None:
        """The questions of the step, once they are known."""

        async def body() -> None:
            self._asking(asked.trouble.sentence if asked.trouble else "", "yellow")
            await self.form.show(place, asked)

        await self._queue.run(body())

    async def wait(self, place: StepInstance) -> None:
        """The questions are not known yet, or their defaults are looked for again."""

        async def body() -> None:
            self._asking("Looking what can be detected…", "dim")
            if not self.form.is_of(place):
                await self.form.clear()

        await self._queue.run(body())

    async def refuse(self, words: str) -> None:
        """The questions cannot be known."""
        self.refused = True

        async def body() -> None:
            self._asking(words, "yellow")
            await self.form.clear()

        await self._queue.run(body())

    def _asking(self, words: str, style: str) -> None:
        line = self.query_one("#asking", Static)
        line.update(Text(words, style))
        line.display = bool(words)

    async def show_status(self, place: StepInstance, status: Status | None, state: str, outcome: RunOutcome) -> None:
        """How the step stands, and what can be done about it."""
        standing = self.query_one("#standing", Static)
        text = _standing(status, state, outcome)
        standing.update(text)
        standing.display = bool(text.plain)
        self.query_one("#why").set_class(state in URGENT, "-away")
        wanted = actions(state, optional=place.step.optional)
        await self._queue.run(self._offer(wanted, state))

    async def _offer(self, wanted: tuple[tuple[str, str], ...], state: str) -> None:
        """The buttons, where they are others than before."""
        if wanted == self._actions:
            return
        box = self.query_one("#actions", Horizontal)
        scroll = self.query_one(VerticalScroll)
        before = self.query_one("#standing") if state in URGENT else self.form
        scroll.move_child(box, after=before)
        focused = box.has_focus_within
        await box.remove_children()
        await box.mount_all(ActionButton(name, words) for name, words in wanted)
        self._actions = wanted
        if focused and (first := next(iter(box.query(ActionButton)), None)):  # none come any more where somebody leaves
            first.focus()

    async def _nothing_to_do(self) -> None:
        self._asking("", "")
        self._actions = ()
        await self.query_one("#actions").remove_children()
        await self.form.clear()

    def focus_first(self, key: str = "") -> None:
        """Into the first field, or the first button where nothing is asked."""
        if not self.form.focus_on(key):
            for action in self.query(ActionButton):
                action.focus()
                return


def _standing(status: Status | None, state: str, outcome: RunOutcome) -> Text:
    sign = Text(f"{SIGNS[state]} ", STYLES[state])
    match state:
        case "failed":
            return _failed(sign, outcome, status.summary if status else "")
        case "interrupted":
            text = sign.append("Cut off before its end", STYLES[state])
            text.append(f" at: {outcome.change}." if outcome.change else ".")
            if outcome.command:
                text.append(f"\n  $ {shorten(outcome.command, COMMAND_LENGTH, placeholder=' …')}", "cyan")
            return text.append("\n  Going on skips what holds already.")
        case "drifted":
            return sign.append(status.summary if status else "It is no longer as it was left.", STYLES[state])
        case "done" if status:
            return sign.append(f"Done {_when(status.at)}: {status.summary}")
        case "todo" if status and status.summary:
            return sign.append(status.summary)
        case "skipped":
            return sign.append("Left out. It can be taken up at any time.")
    return Text()


def _failed(sign: Text, outcome: RunOutcome, summary: str) -> Text:
    text = sign.append(outcome.message or summary or "It failed.", STYLES["failed"])
    if outcome.command:
        text.append(f"\n  $ {shorten(outcome.command, COMMAND_LENGTH, placeholder=' …')}", "cyan")
    for line in outcome.lines:
        text.append(f"\n  {line}", "dim")
    if outcome.hint:
        text.append(f"\n{outcome.hint}", "yellow")
    return text


def _when(at: str | None) -> str:
    try:
        moment = datetime.fromisoformat(str(at).replace("Z", "+00:00")).astimezone()
    except ValueError:
        return "earlier"
    return f"on {moment.day} {moment:%b %Y, %H:%M}"
