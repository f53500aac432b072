"""What a front end asks of the machine, the same for screens and prompts. Slow: screens call it in threads.

Imports are made where they are needed, so that a front end shows its first page before all is loaded.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError

if TYPE_CHECKING:
    from piwizard.answers.questions import Question
    from piwizard.network.address_trial import Trial
    from piwizard.setup.answer_store import AnswerStore
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.steps.registry import StepInstance
    from piwizard.system.background_job import JobProgress
    from piwizard.system.checks import Check


@dataclass(frozen=True)
class Asked:
    """The questions of a step and the answers so far; `trouble` says why some defaults could not be found."""

    questions: tuple[Question, ...]
    answers: dict[str, Any]
    trouble: PiwizardError | None = None


@dataclass(frozen=True)
class Proposal:
    """What a run would do, for a person to say yes to."""

    planner: Planner
    plans: Plans

    @property
    def edited(self) -> bool:
        """Whether files would be replaced that somebody edited since piwizard wrote them."""
        return any(one.preview.edited for _, changes in self.plans for one in changes)

    @property
    def warnings(self) -> list[str]:
        """What a person has to know before saying yes."""
        return [words for _, changes in self.plans for one in changes for words in one.preview.warnings]


class Backend:
    """This machine. The answers are the machine's own, or those of the file given with --answers."""

    def __init__(self, answers: Path | None = None) -> None:
        self._file = answers
        self._pins: dict[str, str] = {}
        self._ground = threading.Lock()
        """Held while an app's repository is looked at: two at a time would fetch into one folder."""

    @property
    def answering(self) -> AnswerStore:
        """Where answers are kept, one at a time."""
        from piwizard.setup.answer_store import AnswerStore

        return AnswerStore(self._file)

    def asked(self, place: StepInstance) -> Asked:
        """The questions of a step, with what was detected for them and what was answered."""
        planner = self._planner()
        answers = planner.answers.of(place.site)
        trouble = None
        with self._ground:
            try:
                ground = planner.context.of(place)
                self._pins |= planner.context.pins()
                with planner.answers.locating(place.site):
                    questions = place.step.questions(ground, answers)
            except PiwizardError as error:
                trouble, questions = error, place.step.questions(None, None)
        return Asked(tuple(questions), dict(answers.values), trouble)

    def proposal(self, place: StepInstance | None, *, again: bool = False) -> Proposal:
        """What a run of one step and what it needs would do, or of all that is left. Alters nothing."""
        from piwizard.setup import run_request, workspace

        planner = self._planner()
        finished = run_request.done(planner, workspace.state())
        if place is None:
            chosen = [one for one in planner.select() if not planner.missing(one)]
        else:
            planner.require_answers([place])
            chosen = planner.with_needs([place], finished)
        if again:
            finished = [one for one in finished if one != place]
        with self._ground:
            plans = run_request.needed(planner, chosen, finished)
            self._pins |= planner.context.pins()
        return Proposal(planner, plans)

    def checks(self, place: StepInstance) -> list[Check]:
        """A live look at whether a step's result is there and works."""
        planner = self._planner()
        with self._ground:
            found = planner.checks(place)
        return list(found)

    def start(self, proposal: Proposal) -> str:
        """Starts the run in a process of its own; returns its name. The person has seen what it would replace."""
        from piwizard.setup import run_request, workspace

        if self._file is not None:
            workspace.keep_answers(self._file)
        return run_request.start(proposal.planner, proposal.plans, overwrite=proposal.edited)

    def stop(self, run: str) -> None:
        """Asks the run to end, and waits until it has."""
        from piwizard.engine import run_launch

        run_launch.stop(run)

    def under_way(self) -> str | None:
        """The run under way that others would have to wait for. Quick."""
        from piwizard.engine import run_launch

        return run_launch.under_way()

    def jobs(self) -> dict[str, JobProgress]:
        """Return how far each background job is that runs, by the names of their steps."""
        from piwizard.steps.registry import STEPS

        found = {step.name: step.background for step in STEPS}
        return {name: job.progress() for name, job in found.items() if job and job.running()}

    def stop_job(self, step: str) -> None:
        """Stop the background job of a step."""
        from piwizard.steps.registry import step_named

        if job := step_named(step).background:
            job.stop()

    def trial(self) -> Trial | None:
        """The address that waits to be confirmed. Quick."""
        from piwizard.network import address_trial

        return address_trial.current()

    def on_wire(self, trial: Trial) -> bool:
        """Whether the address on trial is set by now, and can be confirmed. Quick."""
        from piwizard.network.address_trial import live, ready

        return trial.host in live(trial.interface) and ready(trial)

    def confirm(self) -> Trial:
        """Keeps the address that is on trial."""
        from piwizard.network import address_trial

        return address_trial.confirm()

    def look_for_new_code(self) -> None:
        """The next plan looks for the newest commit."""
        self._pins = {}

    def _planner(self) -> Planner:
        from piwizard.setup import workspace

        return workspace.planner(self._file if self._file and self._file.exists() else None, dict(self._pins))
