"""Show a step's purpose, status, questions and buttons in the first tab."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from piwizard.screens.background import WidgetQueue
from piwizard.screens.symbols import STYLES
from piwizard.screens.widgets.action_button import ActionButton
from piwizard.screens.widgets.run_outcome import RunOutcome
from piwizard.screens.widgets.setup_form import SetupForm
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.state_symbols import STATE_SYMBOLS

if TYPE_CHECKING:
    from piwizard.setup.service import Asked
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance

ACTIONS = {
    "todo": (("run", "Install"), ("all", "Install everything")),
    "running": (("log", "Show log"), ("stop", "Stop")),
    "done": (("again", "Run again"),),
    "drifted": (("run", "Repair"), ("plan", "Show differences")),
    "failed": (("run", "Try again"), ("log", "Show log")),
    "interrupted": (("run", "Continue"), ("log", "Show log")),
    "skipped": (("unskip", "Include again"),),
}
MAX_COMMAND_LENGTH = 90
URGENT = ("failed", "interrupted", "drifted", "running")
"""States in which the status replaces the purpose, and the buttons come before the questions."""


def actions(state: str, *, optional: bool) -> tuple[tuple[str, str], ...]:
    """Return the buttons of a step in this state: their names and labels."""
    wanted = ACTIONS.get(state, ACTIONS["todo"])
    return (*wanted, ("skip", "Skip")) if optional and state in ("todo", "failed", "interrupted") else wanted


class SetupPane(Vertical):
    """The chosen step and its questions."""

    def __init__(self) -> None:
        super().__init__(id="setup", classes="pane")
        self.form = SetupForm()
        """The step's questions."""
        self._actions: tuple[tuple[str, str], ...] = ()
        self._queue = WidgetQueue()
        self.refused = False
        """Whether the questions of the step could not be determined."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(id="title", markup=False)
            yield Static(id="status", markup=False)
            yield Static(id="why", markup=False)
            yield Static(id="asking", markup=False)
            yield self.form
            yield Horizontal(id="actions")

    def show(self, instance: StepInstance) -> None:
        """Show another step."""
        self.refused = False
        optional = "   optional" if instance.step.optional else ""
        self.query_one("#title", Static).update(Text(instance.step.title, "bold").append(optional, "not bold dim"))
        self.query_one("#why", Static).update(instance.step.why)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    async def introduce(self, title: str, why: str) -> None:
        """Show a title and a text that belong to no step, without questions."""
        self.query_one("#title", Static).update(Text(title, "bold"))
        self.query_one("#why", Static).update(why)
        self.query_one("#why").set_class(False, "-away")
        self.query_one("#status").display = False
        await self._queue.run(self._clear())

    async def ask(self, instance: StepInstance, asked: Asked) -> None:
        """Show the questions of a step."""

        async def body() -> None:
            self._say(sentence_of(asked.trouble) if asked.trouble else "", "yellow")
            await self.form.show(instance, asked)

        await self._queue.run(body())

    async def wait(self, instance: StepInstance) -> None:
        """Say that the questions or their defaults are being determined."""

        async def body() -> None:
            self._say("Reading your code…" if instance.site else "Checking this machine…", "dim")
            if not self.form.is_of(instance):
                await self.form.clear()

        await self._queue.run(body())

    async def refuse(self, reason: str) -> None:
        """Say why the questions cannot be determined."""
        self.refused = True

        async def body() -> None:
            self._say(reason, "yellow")
            await self.form.clear()

        await self._queue.run(body())

    def _say(self, text: str, style: str) -> None:
        line = self.query_one("#asking", Static)
        line.update(Text().append(text, style))
        line.display = bool(text)

    async def show_status(self, instance: StepInstance, status: Status | None, state: str, outcome: RunOutcome) -> None:
        """Show the status of a step, and the buttons for it."""
        line = self.query_one("#status", Static)
        text = _status_text(status, state, outcome)
        line.update(text)
        line.display = bool(text.plain)
        self.query_one("#why").set_class(state in URGENT, "-away")
        declined = state == "skipped" and status is not None and status.declined
        wanted = () if declined else actions(state, optional=instance.step.optional)
        await self._queue.run(self._offer(wanted, state))

    async def _offer(self, wanted: tuple[tuple[str, str], ...], state: str) -> None:
        """Replace the buttons if they differ."""
        if wanted == self._actions:
            return
        box = self.query_one("#actions", Horizontal)
        scroll = self.query_one(VerticalScroll)
        before = self.query_one("#status") if state in URGENT else self.form
        scroll.move_child(box, after=before)
        focused = box.has_focus_within
        await box.remove_children()
        await box.mount_all(ActionButton(name, label) for name, label in wanted)
        self._actions = wanted
        if focused and (first := next(iter(box.query(ActionButton)), None)):  # None is mounted after the user has quit.
            first.focus()

    async def _clear(self) -> None:
        self._say("", "")
        self._actions = ()
        await self.query_one("#actions").remove_children()
        await self.form.clear()

    def focus_first(self, key: str = "") -> None:
        """Put the cursor into a question's field, the first one, or on a button."""
        if not self.form.focus_on(key):
            for action in self.query(ActionButton):
                action.focus()
                return


def _status_text(status: Status | None, state: str, outcome: RunOutcome) -> Text:
    text = Text().append(f"{STATE_SYMBOLS[state]} ", STYLES[state])
    match state:
        case "failed":
            return _failed(text, outcome, status.summary if status else "")
        case "interrupted":
            text.append("Interrupted", STYLES[state]).append(f" at: {outcome.change}." if outcome.change else ".")
            if outcome.command:
                text.append(f"\n  $ {shorten(outcome.command, MAX_COMMAND_LENGTH, placeholder=' …')}", "cyan")
            return text.append("\n  Continuing picks up where it stopped.")
        case "drifted":
            return text.append(status.summary if status else "Out of sync.", STYLES[state])
        case "done" if status:
            return text.append(f"Done {_when(status.at)}: {status.summary}")
        case "todo" if status and status.summary:
            return text.append(status.summary)
        case "skipped" if status and status.declined:
            return text.append("Not wanted, as you answered. Change the answer to set this step up.")
        case "skipped":
            return text.append("Skipped. You can include it again at any time.")
    return Text()


def _failed(text: Text, outcome: RunOutcome, summary: str) -> Text:
    text.append(outcome.message or summary or "It failed.", STYLES["failed"])
    if outcome.command:
        text.append(f"\n  $ {shorten(outcome.command, MAX_COMMAND_LENGTH, placeholder=' …')}", "cyan")
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
