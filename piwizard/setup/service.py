"""Give screens and prompts what they need of the machine.

Slow unless said otherwise: screens call it in threads.
Modules are imported where they are needed, so that a front end shows its first page early.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from piwizard.answers.questions import Question
    from piwizard.apps.app_source import PinnedCommit
    from piwizard.network.address_trial import AddressTrial
    from piwizard.nginx.access_log import Visit
    from piwizard.setup.answer_store import AnswerStore
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.setup.site_overview import HomeOverview
    from piwizard.setup.stage_progress import StageTracker
    from piwizard.steps.registry import StepInstance
    from piwizard.system.background_job import JobProgress
    from piwizard.system.checks import Check
    from piwizard.system.remedies import Fix


@dataclass(frozen=True)
class Asked:
    """The questions of a step, and its answers so far.

    `trouble`: why defaults for this machine are missing.
    """

    questions: tuple[Question, ...]
    answers: dict[str, Any]
    trouble: PiwizardError | None = None


@dataclass(frozen=True)
class Proposal:
    """The plans of a run, for a person to confirm."""

    planner: Planner
    plans: Plans
    remarks: tuple[str, ...] = ()
    """What happens with sites that are set up and that the answers lack."""
    left_out: tuple[str, ...] = ()
    """The steps that are not included, because answers are missing."""
    additions: tuple[tuple[str | None, Fix], ...] = ()
    """Answers that are added once the plan is confirmed, by their sites."""

    @property
    def edited(self) -> bool:
        """Return whether the run would replace files that a person has edited."""
        return any(one.preview.edited for _, changes in self.plans for one in changes)

    @property
    def changes_nothing(self) -> bool:
        """Return whether the run would only check the result again."""
        return all(one.preview.in_sync for _, changes in self.plans for one in changes)

    @property
    def warnings(self) -> list[str]:
        """Return what a person has to know before confirming."""
        found = [words for _, changes in self.plans for one in changes for words in one.preview.warnings]
        return [*found, *self.remarks]


CHECK_AGAIN = "Nothing changes. Check the result again?"


class SetupService:
    """This machine, with its own answers or those of the file given with --answers."""

    def __init__(self, answers: Path | None = None) -> None:
        self._file = answers
        self._pins: dict[str, PinnedCommit] = {}
        self._source_lock = threading.Lock()
        """Held while repositories are read: two threads must not fetch into the same folder."""

    @property
    def answering(self) -> AnswerStore:
        """Return the store that reads and writes single answers."""
        from piwizard.setup.answer_store import AnswerStore

        return AnswerStore(self._file)

    def asked(self, instance: StepInstance) -> Asked:
        """Return a step's questions, with defaults for this machine, and its answers."""
        planner = self._planner()
        answers = planner.answers.of(instance.site)
        trouble = None
        with self._source_lock:
            try:
                context = planner.context.of(instance)
                self._pins |= planner.context.pins()
                with planner.answers.locating(instance.site):
                    questions = instance.step.questions(context, answers)
            except PiwizardError as error:
                trouble, questions = error, instance.step.questions(None, None)
        return Asked(tuple(questions), dict(answers.values), trouble)

    def proposal(self, instance: StepInstance | None, *, again: bool = False) -> Proposal:
        """Return the plans for one step and its needs, or for all that is left.

        `again`: even if the step is done and in sync. Alters nothing.
        """
        from piwizard.setup import kept_answers, run_request, workspace
        from piwizard.setup.left_out import left_out

        planner = self._planner()
        finished = run_request.done(planner, workspace.state())
        wanted = planner.wanted() if instance is None else []
        if instance is None:
            chosen = [one for one in wanted if not planner.missing(one)]
        else:
            planner.require_answers([instance])
            chosen = planner.with_needs([instance], finished)
        if again:
            finished = [one for one in finished if one != instance]
        with self._source_lock:
            plans = run_request.needed(planner, chosen, finished)
            self._pins |= planner.context.pins()
        given = self._file if self._file and self._file.exists() else None
        remarks = tuple(kept_answers.remarks(given, planner.answers))
        return Proposal(planner, plans, remarks, left_out(planner, wanted))

    def stage_tracker(self, instances: Sequence[StepInstance] = ()) -> StageTracker:
        """Return a reader of a run's events that knows how long these steps usually take."""
        from piwizard.setup import workspace
        from piwizard.setup.estimates import expected_seconds
        from piwizard.setup.stage_progress import StageTracker

        planner = self._planner()
        state, facts = workspace.state(), planner.context.facts
        places = list(instances) or planner.all_instances()
        return StageTracker(
            {
                (one.step.name, one.site): expected_seconds(one.step, state.entry(one.step.name, one.site), facts)
                for one in places
            },
            frozenset((one.step.name, one.site) for one in places if one.step.turned_off(planner.answers.of(one.site))),
        )

    def saved_overview(self) -> HomeOverview:
        """Return what was known of all sites at the last check. Quick."""
        from piwizard.setup import site_overview, workspace

        return site_overview.saved(self._planner(), workspace.state())

    def visit_from_outside(self, site: str, since: datetime, once: str = "", own: str | None = None) -> Visit | None:
        """Return the first visit from the Internet since a moment. Quick."""
        from piwizard.nginx import access_log

        return access_log.visit_from_outside(site, since, once=once, own=own)

    def checks(self, instance: StepInstance) -> list[Check]:
        """Return the live checks of a step."""
        planner = self._planner()
        with self._source_lock:
            found = planner.checks(instance)
        return list(found)

    def start(self, proposal: Proposal) -> str:
        """Start the run in its own process and return its id.

        The person has seen which edited files it replaces.
        """
        from piwizard.setup import run_request, workspace

        if self._file is not None:
            workspace.keep_answers(self._file)
        return run_request.start(proposal.planner, proposal.plans, overwrite=proposal.edited)

    def stop(self, run: str) -> None:
        """Stop a run, and wait until it has ended."""
        from piwizard.engine import run_launch

        run_launch.stop(run)

    def under_way(self) -> str | None:
        """Return the id of the current run, None where there is none. Quick."""
        from piwizard.engine import run_launch

        return run_launch.under_way()

    def starting(self) -> str | None:
        """Return a run that was started a moment ago and is not under way yet."""
        from piwizard.engine import run_launch

        return run_launch.starting()

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

    def trial(self) -> AddressTrial | None:
        """Return the address that waits to be confirmed, if any. Quick."""
        from piwizard.network import address_trial

        return address_trial.current_trial()

    def on_wire(self, trial: AddressTrial) -> bool:
        """Return whether the new address is set and can be confirmed. Quick."""
        from piwizard.network.address_trial import is_ready, live_addresses

        return trial.host in live_addresses(trial.interface) and is_ready(trial)

    def way_to_confirm(self, trial: AddressTrial) -> str:
        """Return the login at the new address that proves that it works. Quick.

        It is "" unless piwizard was started over the old address: an answer from there would prove nothing.
        """
        from piwizard.network import ssh_sessions

        old = trial.before != trial.host and ssh_sessions.own_address() == trial.before
        return ssh_sessions.login_command(trial.host) if old else ""

    def confirm(self) -> AddressTrial:
        """Confirm the new address."""
        from piwizard.network import address_rollback

        return address_rollback.confirm_trial()

    def look_for_new_code(self) -> None:
        """Fetch the newest commits for the next plan."""
        self._pins = {}

    def _planner(self) -> Planner:
        from piwizard.setup import workspace

        return workspace.planner(self._file if self._file and self._file.exists() else None, dict(self._pins))
