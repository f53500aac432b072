"""What the keys do: answers are kept, runs are started, watched and stopped."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from piwizard.backend import Proposal
from piwizard.errors import PiwizardError
from piwizard.screens.aside import aside, begin
from piwizard.screens.backend import LOOKED_UP, Backend, Overview
from piwizard.screens.body import Body
from piwizard.screens.confirm import Ask, Confirm
from piwizard.screens.ending import Ending
from piwizard.screens.log import Log
from piwizard.screens.messages import (
    ActionChosen,
    AnswerGiven,
    AnswerKept,
    OverviewArrived,
    RunEnded,
    SecretGiven,
)
from piwizard.screens.outcome import Outcome, outcome
from piwizard.screens.runline import RunLine
from piwizard.screens.setup import Setup
from piwizard.screens.watch import Watch
from piwizard.screens.welcome import Welcome, WelcomeBack
from piwizard.validators import Invalid

if TYPE_CHECKING:
    from piwizard.screens.lookups import Found
    from piwizard.wizard import Place


GLANCES_PER_SECOND = 5
FLUSH_SECONDS = 5.0


class Main(Body):
    """The one screen that stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", show=False),
        Binding("a", "run_all", show=False),
        Binding("s", "stop", show=False),
        Binding("k", "skip", show=False),
        Binding("g", "look_again", show=False),
        Binding("o", "ending", show=False),
        Binding("exclamation_mark", "shell", show=False),
    ]

    def __init__(self, backend: Backend, greeting: type[Welcome] | type[WelcomeBack] | None = None) -> None:
        super().__init__(backend)
        self._greeting = greeting
        self._answers: asyncio.Queue[AnswerGiven | SecretGiven | tuple[str, bool]] = asyncio.Queue()

    def on_mount(self) -> None:
        super().on_mount()
        begin(self, self._keep_answers, "answers")
        self.set_interval(1 / GLANCES_PER_SECOND, self._glance)
        if self._greeting is not None:
            self.app.push_screen(self._greeting())
        self.look(thorough=False)

    # What there is

    def look(self, *, thorough: bool) -> None:
        """Looks at the machine aside: quickly at what is remembered, or thoroughly at what really is."""
        self.later(
            lambda: self._look(thorough),
            lambda found: self._looked(found, thorough=thorough),
            group="look",
        )

    def _look(self, thorough: bool) -> Overview:
        return self.backend.overview(thorough=thorough)

    def _looked(self, overview: Overview, *, thorough: bool) -> None:
        first = self.overview is None
        self.overview = overview
        self.sidebar.show(overview.places, overview.statuses)
        if overview.trouble:
            self.notice(overview.trouble)
        if self.place:
            self.stand(self.place)
        self._tell_welcome(thorough=thorough)
        self.post_message(OverviewArrived(overview))
        if first:
            self._read_outcomes(overview)
            self._choose_next()
        if not thorough:
            self.look(thorough=True)

    def _tell_welcome(self, *, thorough: bool) -> None:
        for screen in self.app.screen_stack:
            if self.overview and isinstance(screen, Welcome):
                screen.show(self.overview)
            elif self.overview and isinstance(screen, WelcomeBack):
                outcomes: dict[object, Outcome] = {place: found for place, (_, found) in self.outcomes.items()}
                screen.show(self.overview, outcomes, thorough=thorough)

    def _read_outcomes(self, overview: Overview) -> None:
        wanted = [
            (status.place, status.run)
            for status in overview.statuses
            if status.run and status.state in ("failed", "interrupted")
        ]

        def read() -> dict[Place, tuple[str, Outcome]]:
            return {
                place: (run, outcome(self.backend.record(run), (place.step.name, place.site))) for place, run in wanted
            }

        def learnt(found: dict[Place, tuple[str, Outcome]]) -> None:
            self.outcomes |= found
            self._tell_welcome(thorough=False)

        if wanted:
            self.later(read, learnt, group="outcomes")

    def _choose_next(self) -> None:
        """The cursor goes to the step that comes next."""
        for wanted in ("running", "failed", "interrupted", "todo"):
            for place in self.sidebar.steps:
                if self.sidebar.state(place) == wanted:
                    self.sidebar.choose(place.step.name, place.site)
                    return

    # Answers

    def on_answer_given(self, event: AnswerGiven) -> None:
        self._answers.put_nowait(event)

    def on_secret_given(self, event: SecretGiven) -> None:
        self._answers.put_nowait(event)

    async def _keep_answers(self) -> None:
        """Keeps the answers one after the other, in the order in which they were given."""
        while True:
            given = await self._answers.get()
            site = self.place.site if self.place else None
            key = given.key if not isinstance(given, tuple) else given[0]
            try:
                await aside(lambda given=given, site=site: self._keep(given, site))  # type: ignore[misc]
            except Invalid as refusal:
                self.post_message(AnswerKept(key, f"{key} {refusal}."))
            except PiwizardError as error:
                self.post_message(AnswerKept(key, error.sentence))
            else:
                self.post_message(AnswerKept(key))
                if isinstance(given, AnswerGiven):
                    self._look_up(given)
            finally:
                self._answers.task_done()

    def _keep(self, given: AnswerGiven | SecretGiven | tuple[str, bool], site: str | None) -> None:
        answering = self.backend.answering
        if isinstance(given, AnswerGiven):
            answering.set(site, given.key, given.value)
        elif isinstance(given, SecretGiven):
            answering.set_secret(site, given.key, given.text)
        else:
            answering.skip(*given)

    def on_answer_kept(self, event: AnswerKept) -> None:
        form = self.query_one(Setup).form
        field = ".".join(event.key.split(".")[:2])
        if event.refusal:
            if form.has(field):
                form.field(field).report(event.refusal, "bold red")
            else:
                self.notice(event.refusal)
            return
        self.look(thorough=False) if event.key in ("site.name", "skip.steps") or "." not in event.key else None
        if self.place:
            self.ask(self.place)

    def _look_up(self, given: AnswerGiven) -> None:
        form = self.query_one(Setup).form
        if given.key not in LOOKED_UP or given.value is None or not form.has(given.key):
            return
        form.field(given.key).report("Looking whether it answers…", "dim")

        def found(result: Found | None) -> None:
            if result and form.has(given.key):
                form.field(given.key).report(result.words, "green" if result.ok else "yellow")

        self.later(lambda: self.backend.lookup(given.key, given.value), found, group=f"lookup {given.key}")

    async def flush(self) -> None:
        """Keeps what is being typed, and waits until every answer is on disk."""
        self.query_one(Setup).form.commit()
        await asyncio.sleep(0.05)  # the messages of the fields
        try:
            await asyncio.wait_for(self._answers.join(), FLUSH_SECONDS)
        except TimeoutError:
            self.log.warning("an answer could not be kept in time")

    # Runs

    def on_action_chosen(self, event: ActionChosen) -> None:
        match event.name:
            case "run":
                self.action_run()
            case "again":
                self.action_run(again=True)
            case "all":
                self.action_run_all()
            case "stop":
                self.action_stop()
            case "skip" | "unskip":
                self.action_skip()
            case "shell":
                self.action_shell()
            case "log" | "plan":
                self.action_tab(event.name.capitalize())

    def action_run(self, again: bool = False) -> None:
        """Shows the plan of this step and what it needs, and asks."""
        if self.place is not None:
            self._propose(self.place, again=again or self.sidebar.state(self.place) == "done")

    def action_run_all(self) -> None:
        """The same for all that is left."""
        self._propose(None, again=False)

    def _propose(self, place: Place | None, *, again: bool) -> None:
        if self.runs.live is not None:
            self.notice("Something runs already; this can be started when that has ended.")
            return
        left = [one for one in self.sidebar.steps if self.sidebar.state(one) not in ("done", "skipped")]
        seconds = self.usual(place) if place else sum(map(self.usual, left))

        async def body() -> None:
            await self.flush()
            confirm = Confirm(self.backend, place, again=again, usual=seconds)
            self.app.push_screen(confirm, self._agreed)

        begin(self, body, "propose")

    def _agreed(self, answer: Proposal | PiwizardError | None) -> None:
        if isinstance(answer, PiwizardError):
            self.notice(answer.sentence)
            if answer.key:
                self._lead_to(answer.key)
        elif answer is not None:
            self.notice("Starting…", "dim")
            self.later(
                lambda: self.backend.start(answer),
                self._started,
                group="start",
            )

    def _lead_to(self, key: str) -> None:
        """To the question that a refusal was about."""
        for place in self.sidebar.steps:
            if any(question.key == key for question in place.step.questions(None, None)):
                self.sidebar.choose(place.step.name, place.site)
                self.action_tab("Setup")
                self.set_timer(0.6, lambda: self.focus_pane(key))
                return

    def _started(self, run: str) -> None:
        self.notice("")
        self.runs.started(run)
        self.runs.shown = self.runs.live
        self.query_one(Log).show(self.runs.shown, live=True)
        self.action_tab("Log")
        self.focus_pane()
        self._glance()

    def _glance(self) -> None:
        """Some times a second: what is new in the records."""
        found = self.runs.glance()
        if found.grown and self.tab == "Log":
            self.query_one(Log).grown()
        if found.ended is not None:
            self._ended(found.ended)
        live = self.runs.live
        if live is None or live.progress.place is None:
            if live is None:
                self.query_one(RunLine).show(None)
            return
        self._show_live(live)

    def _show_live(self, live: Watch) -> None:
        step, site = live.progress.place or ("", None)
        for place in self.sidebar.steps:
            key = (place.step.name, place.site)
            result = live.progress.results.get(key)
            if key == (step, site) and result is None:
                note = f"{live.progress.number} of {live.progress.changes}" if live.progress.changes else ""
                self.sidebar.mark(place, "running", note)
                self.query_one(RunLine).show(live.progress, place.step.title, self.usual(place))
            elif result and self.sidebar.state(place) == "running":
                state = "todo" if live.progress.undo and result == "done" else result
                self.sidebar.mark(place, "interrupted" if state == "stopped" else state)

    def _ended(self, watch: Watch) -> None:
        progress = watch.progress
        self._show_live(watch)
        self.query_one(RunLine).show(None)
        self.post_message(RunEnded(progress))
        self.backend.look_for_new_code() if progress.result == "done" else None
        match progress.result:
            case "done":
                self.notice("Done. Looking whether all is well…", "green")
            case "failed":
                self.notice(f"{progress.failure} {progress.hint}".strip(), "bold red")
            case _:
                self.notice("The run was cut off before its end; r goes on with it.")
        step, site = progress.place or ("", None)
        if progress.result != "done" and step:
            self.sidebar.choose(step, site)
        self.later(
            lambda: self._look(True),
            lambda found: self._after_run(found, done=progress.result == "done" and not progress.undo),
            group="look",
        )

    def _after_run(self, overview: Overview, *, done: bool) -> None:
        self._looked(overview, thorough=True)
        if self.place:
            self.settled(self.place)
        if not done:
            return
        self.notice("")
        if all(status.state in ("done", "skipped") for status in overview.statuses):
            self.action_ending()
        else:
            if self.query_one(Log).has_focus_within:
                self.sidebar.focus()
            self._choose_next()
            self.action_tab("Setup")

    def action_stop(self) -> None:
        """Asks, then ends the run."""
        live = self.runs.live
        if live is None:
            self.notice("Nothing runs.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.notice("Stopping: what is being done is ended in order…", "dim")
                self.later(lambda: self.backend.stop(live.run), lambda _: None, group="stop")

        self.app.push_screen(Ask("Stop what runs? It can go on later from where it was.", "Stop it"), answered)

    def action_skip(self) -> None:
        """Leaves an optional step out, or takes it up again."""
        place = self.place
        if place is None:
            return
        if not place.step.optional:
            self.notice(f"{place.step.title} cannot be left out: the others stand on it.")
            return
        self._answers.put_nowait((place.step.name, self.sidebar.state(place) != "skipped"))

    def action_look_again(self) -> None:
        """Everything anew, also the app's repository."""
        self.backend.look_for_new_code()
        self.notice("Looking at everything again…", "dim")

        def looked(found: Overview) -> None:
            self.notice("")
            self._looked(found, thorough=True)

        self.later(lambda: self._look(True), looked, group="look")

    def action_ending(self) -> None:
        """The address, and what is where."""
        if self.overview is None:
            return
        secure = any(
            status.place.step.name == "certbot" and status.state == "done" for status in self.overview.statuses
        )
        self.app.push_screen(
            Ending(self.overview, only_ascii=bool(getattr(self.app, "only_ascii", False)), secure=secure)
        )

    def action_shell(self) -> None:
        """A shell in this terminal, and back."""
        from piwizard.machine import commands

        with self.app.suspend():
            print("This is a shell as root. `exit` leads back to piwizard.")
            commands.interactive((os.environ.get("SHELL") or "/bin/sh",))
        self.app.refresh(layout=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        event.stop()
