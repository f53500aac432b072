"""Runs: proposed, agreed to, started, watched, stopped, and what comes after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piwizard.errors import PiwizardError
from piwizard.screens.background import begin
from piwizard.screens.keeping import Keeping
from piwizard.screens.log.log_pane import LogPane
from piwizard.screens.log.run_watch import RunWatch
from piwizard.screens.pages.confirm_run import ConfirmRun, YesNoDialog
from piwizard.screens.screen_service import MachineOverview
from piwizard.screens.widgets.run_bar import RunBar
from piwizard.setup.service import Proposal
from piwizard.setup.status import all_set_up

if TYPE_CHECKING:
    from piwizard.machine.background_job import JobProgress
    from piwizard.steps.registry import StepInstance

GLANCES_PER_SECOND = 5
SECONDS_BETWEEN_JOBS = 2.0


class Running(Keeping):
    """What there is, the answers, and the runs."""

    def on_mount(self) -> None:
        self.set_interval(1 / GLANCES_PER_SECOND, self._glance)
        self.set_interval(SECONDS_BETWEEN_JOBS, self._ask_for_jobs)

    def action_run(self, again: bool = False) -> None:
        """Shows the plan of this step and what it needs, and asks."""
        if self.place is not None:
            self._propose(self.place, again=again or self.sidebar.state(self.place) == "done")

    def action_run_all(self) -> None:
        """The same for all that is left."""
        self._propose(None, again=False)

    def _propose(self, place: StepInstance | None, *, again: bool) -> None:
        if self.runs.live is not None:
            self.notice("Something runs already; this can be started when that has ended.")
            return
        steps = [one for one in self.sidebar.steps if not self.sidebar.waits(one)]
        left = [one for one in steps if self.sidebar.state(one) not in ("done", "skipped")]
        seconds = self.usual(place) if place else sum(map(self.usual, left))

        async def body() -> None:
            await self.flush()
            if self.app.screen is not self:  # the key was pressed twice
                return
            confirm = ConfirmRun(self.backend, place, again=again, usual=seconds)
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
        here = self.place.site if self.place else None
        for place in sorted(self.sidebar.steps, key=lambda place: place.site not in (here, None)):
            if any(question.key == key for question in place.step.questions(None, None)):
                self.sidebar.choose(place.step.name, place.site)
                self.action_tab("Setup")
                self.set_timer(0.6, lambda: self.focus_pane(key))
                return

    def _started(self, run: str) -> None:
        self.notice("")
        self.runs.started(run)
        self.runs.shown = self.runs.watch(run)
        self.query_one(LogPane).show(self.runs.shown, live=True)
        self.action_tab("Log")
        self.focus_pane()
        self._glance()

    def _glance(self) -> None:
        """Some times a second: what is new in the records."""
        if not self.stands:
            return
        log = self.query_one(LogPane)
        log.hold()
        found = self.runs.glance()
        if found.grown and self.tab == "Log":
            log.grown()
        if found.ended is not None:
            self._ended(found.ended)
        live = self.runs.live
        if live is None or live.progress.place is None:
            if live is None:
                self.query_one(RunBar).show(None)
            return
        self._show_live(live)

    def _show_live(self, live: RunWatch) -> None:
        step, site = live.progress.place or ("", None)
        for place in self.sidebar.steps:
            key = (place.step.name, place.site)
            result = live.progress.results.get(key)
            if key == (step, site) and result is None:
                note = f"{live.progress.number} of {live.progress.changes}" if live.progress.changes else ""
                self.sidebar.mark(place, "running", note)
                self.query_one(RunBar).show(live.progress, place.step.title, self.usual(place))
            elif result and self.sidebar.state(place) == "running":
                state = "todo" if live.progress.undo and result == "done" else result
                self.sidebar.mark(place, "interrupted" if state == "stopped" else state)

    def _ask_for_jobs(self) -> None:
        """Ask for background jobs where a step counts as running and no run is under way."""
        running = [place for place in self.sidebar.steps if self.sidebar.state(place) == "running"]
        if self.stands and self.runs.live is None and any(place.step.background for place in running):
            self.later(self.backend.jobs, self._show_jobs, group="jobs")

    def _show_jobs(self, jobs: dict[str, JobProgress]) -> None:
        """Show how far each job is; look at everything where one has ended without a run."""
        for place in self.sidebar.steps:
            if place.step.name in jobs:
                self.sidebar.mark(place, "running", f"{jobs[place.step.name].percent}%")
            elif place.step.background and self.sidebar.state(place) == "running" and self.runs.live is None:
                self.look(thorough=True)

    def _ended(self, watch: RunWatch) -> None:
        progress = watch.progress
        self._show_live(watch)
        self.query_one(RunBar).show(None)
        self.backend.look_for_new_code() if progress.result == "done" else None
        match progress.result:
            case "done":
                self.notice("Done. Looking whether all is well…", "green")
            case "failed":
                self.notice(f"{progress.failure} {progress.hint}".strip(), "bold red")
            case _:
                self.notice("The run was cut off before its end; r goes on with it.")
        step, site = progress.place or ("", None)
        if progress.result != "done" and step and not self.answering:
            self.sidebar.choose(step, site)
        self.later(
            lambda: self._look(True),
            lambda found: self._after_run(found, done=progress.result == "done" and not progress.undo),
            group="ended",
        )

    def _after_run(self, overview: MachineOverview, *, done: bool) -> None:
        self._looked(overview, thorough=True)
        if self.place:
            self.settled(self.place)
        if not done:
            return
        if self.answering:
            self.notice("Done. Esc leads back to the steps.", "green")
            return
        self.notice("")
        if self.query_one(LogPane).has_focus_within:
            self.sidebar.focus()
        self._choose_next()
        self.action_tab("Setup")
        if all_set_up(overview.statuses):
            self.action_ending()

    def action_stop(self) -> None:
        """Asks, then ends the run."""
        live = self.runs.live
        running = [place for place in self.sidebar.steps if self.sidebar.state(place) == "running"]
        job = next((place.step.name for place in running if place.step.background), "")
        if live is None and not job:
            self.notice("Nothing runs.")
            return

        def stop() -> None:
            self.backend.stop(live.run) if live else self.backend.stop_job(job)

        def answered(yes: bool | None) -> None:
            if yes:
                self.notice("Stopping: what is being done is ended in order…", "dim")
                self.later(stop, lambda _: None, group="stop")

        words = "Stop what runs? It can go on later from where it was."
        if live is None:
            words = "Stop what runs in the background? Later it starts from the beginning."
        self.app.push_screen(YesNoDialog(words, "Stop it"), answered)
