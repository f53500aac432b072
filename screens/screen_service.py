"""Serve the screens: overview, plans, checkup and lookups.

The methods are slow and run in threads, unless they say that they are quick.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.screens.machine_overview import MachineOverview
from piwizard.setup.backup_service import BackupService
from piwizard.setup.service import Proposal
from piwizard.setup.site_service import SiteService
from piwizard.setup.version_service import VersionService

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from piwizard.answers.questions import Lookup
    from piwizard.diagnosis.failure import RunFailure
    from piwizard.diagnosis.findings import Finding
    from piwizard.git.git_access import GitAccess
    from piwizard.screens.home.router_rules import RouterRules
    from piwizard.screens.home.run_summary import RunSummary
    from piwizard.screens.setup.site_setup import PageContent
    from piwizard.screens.widgets.answer_lookup import AnswerLookup
    from piwizard.setup.form_page import FormPage
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.setup.site_overview import HomeOverview
    from piwizard.setup.undo_preview import UndoPreview
    from piwizard.steps.registry import StepInstance
    from piwizard.system.facts import Facts
    from piwizard.system.remedies import Fix


class ScreenService(SiteService, VersionService, BackupService):
    """This machine, for a front end that shows everything at once."""

    def first_visit(self) -> bool:
        """Return whether nothing has been answered or run on this machine. Quick."""
        from piwizard.engine import run_log
        from piwizard.system import paths

        return not (self._file or paths.answers_file()).exists() and not run_log.runs()

    def overview(self, *, thorough: bool) -> MachineOverview:
        """Return an overview. Only a thorough one probes and checks steps that are done."""
        from piwizard.setup import kept_answers, workspace
        from piwizard.setup.status import remembered, status

        state, trouble = workspace.state(), ""
        try:
            planner = self._planner()
        except PiwizardError as error:
            trouble = error.sentence
            planner = self._without_answers()
        instances = tuple(planner.all_instances())
        entries = {
            (instance.step.name, instance.site): entry
            for instance in instances
            if (entry := state.entry(instance.step.name, instance.site))
        }
        if thorough:
            with self._source_lock:
                statuses = tuple(status(planner, state, workspace.backups()))
                self._pins |= planner.context.pins()
        else:
            statuses = tuple(remembered(planner, state))
        domains = {site: tuple(values.get("site.domains", ())) for site, values in planner.answers.sites.items()}
        trouble = trouble or " ".join([state.trouble, *kept_answers.remarks(None, planner.answers)]).strip()
        return MachineOverview(planner.context.facts, instances, statuses, entries, domains, trouble)

    def plan(self, instance: StepInstance) -> Plans:
        """Return the plan of one step alone, whatever its state."""
        from piwizard.setup import workspace
        from piwizard.setup.preview import preview
        from piwizard.system.system_cache import SystemCache

        planner = self._planner()
        with self._source_lock:
            changes = planner.plan(instance)
            self._pins |= planner.context.pins()
        return [(instance, preview(changes, SystemCache(), workspace.backups()))]

    def deployment(self, site: str) -> Proposal:
        """Return the plan to install a site's newest commit, as `piwizard deploy`."""
        from piwizard.steps.registry import STEPS

        deployed = [step.name for step in STEPS if step.deployed]
        return self._newest(lambda planner: planner.select(deployed, site))

    def retrial(self, run: str) -> Proposal:
        """Return the plan to try the steps of a run again, with the newest commits."""
        from piwizard.engine.run_log import EventReader

        first = next(iter(EventReader(self.events_file(run)).new(1 << 16)), None)
        wanted = {(step, site) for step, site in first["steps"]} if first and first["event"] == "apply-started" else ()
        return self._newest(
            lambda planner: [one for one in planner.all_instances() if (one.step.name, one.site) in wanted]
        )

    def remaining(self, site: str) -> Proposal:
        """Return the plan for everything of a site that is not done and has its answers."""
        return self._newest(
            lambda planner: [one for one in planner.select((), site) if not planner.missing(one)], fetch=False
        )

    def _newest(
        self, choose: Callable[[Planner], list[StepInstance]], *, fetch: bool = True, planner: Planner | None = None
    ) -> Proposal:
        """Return the plan for some steps and their needs.

        `fetch`: made from the newest commits. `planner`: with other answers than those on disk.
        """
        from piwizard.setup import run_request, workspace

        if fetch:
            self.look_for_new_code()
        planner = planner or self._planner()
        chosen = choose(planner)
        planner.require_answers(chosen)
        finished = run_request.done(planner, workspace.state())
        with self._source_lock:
            if fetch:
                planner.context.fetch_newest(dict.fromkeys(one.site for one in chosen if one.site))
            plans = run_request.needed(planner, planner.with_needs(chosen, finished), finished)
            self._pins |= planner.context.pins()
        return Proposal(planner, plans)

    def router_rules(self, site: str) -> RouterRules | None:
        """Return what to enter in the router by hand, None if nothing is."""
        from piwizard.screens.home.router_rules import rules_for

        planner = self._planner()
        return rules_for(planner.answers.of(site), planner.context.facts)

    def waits_for_router(self, site: str) -> bool:
        """Return whether no visitor has come through the router of the user yet."""
        from datetime import UTC, datetime

        ever = datetime.fromtimestamp(0, UTC)
        return self.router_rules(site) is not None and self.visit_from_outside(site, ever) is None

    def failed_at_router(self, site: str) -> bool:
        """Return whether the last run failed because the router is not set up yet."""
        from piwizard.setup.reach import FORWARD

        failure = self.failure(site)
        return failure is not None and failure.key == FORWARD and self.router_rules(site) is not None

    def last_run(self) -> str | None:
        """Return the newest run that has a log. Quick."""
        from piwizard.engine import run_log

        return next(reversed(run_log.runs()), None)

    def activity(self) -> list[RunSummary]:
        """Return all runs, newest first."""
        from piwizard.engine import run_log
        from piwizard.screens.home.run_summary import summarize

        return [summarize(self.events_file(run)) for run in reversed(run_log.runs())]

    def app_log(self, site: str, after: str) -> tuple[list[str], str]:
        """Return what the app has printed since a place in the journal, and its end.

        Without a place, return the last lines.
        """
        from piwizard.screens.home.app_journal import read_journal

        return read_journal(f"{site}.service", after)

    def checkup(self) -> list[Finding]:
        """Run every check from a visitor's view."""
        from piwizard.diagnosis.checkup import examine

        return examine()

    def failure(self, site: str) -> RunFailure | None:
        """Return why the last run of a site failed; None if it did not."""
        from piwizard.diagnosis.failure import last_failure
        from piwizard.setup import workspace

        with self._source_lock:
            return last_failure(self._planner(), workspace.state(), site)

    def diagnose(self, site: str) -> list[Finding]:
        """Look for problems of a site and this machine, and their causes."""
        from piwizard.diagnosis import doctor

        with self._source_lock:
            return doctor.examine(site)

    def fixing(self, site: str, found: Sequence[Finding]) -> Proposal:
        """Return the plan that fixes these problems.

        Its answers are added once it is confirmed.
        """
        from piwizard.diagnosis import fixes
        from piwizard.setup import workspace
        from piwizard.setup.answers_draft import AnswersDraft

        draft, additions = AnswersDraft(self.answering), []
        for owner in dict.fromkeys(one.site for one in found):
            additions.append((owner, tuple(remedy for one in found if one.site == owner for remedy in one.fix)))
            fixes.add_answers(*additions[-1], draft)
        run = fixes.merge_runs([remedy for one in found for remedy in one.fix])
        made = self._newest(
            lambda planner: planner.select(run.steps, site),
            fetch=run.newest,
            planner=workspace.planner_for(draft.file(), dict(self._pins)),
        )
        return replace(made, additions=tuple(additions))

    def start(self, proposal: Proposal) -> str:
        """Add the answers that belong to a proposal, start its run, and return its id."""
        for site, remedies in proposal.additions:
            self.add_answers(site, remedies)
        return super().start(proposal)

    def preview_undo(self, site: str, step: str | None) -> UndoPreview:
        """Return what the undo of a step does, or the removal of a site."""
        from piwizard.setup import undo_preview

        return undo_preview.preview_undo(site, step)

    def start_undo(self, preview: UndoPreview, *, wipe: bool) -> str:
        """Start an undo that the user has confirmed, and return its run.

        `wipe` deletes the data.
        """
        from piwizard.setup import undo_preview

        return undo_preview.start_undo(preview, wipe=wipe)

    def add_answers(self, site: str | None, remedies: Fix) -> None:
        """Add the answers of a fix that need no input; existing ones stay."""
        from piwizard.diagnosis import fixes

        fixes.add_answers(site, remedies)

    def refresh_overview(self) -> HomeOverview:
        """Check all sites and this machine, and return what was found."""
        from piwizard.diagnosis import overview_refresh
        from piwizard.setup import workspace

        with self._source_lock:
            return overview_refresh.refresh(self._planner(), workspace.state())

    def events_file(self, run: str) -> Path:
        """Return the file of a run's events. Quick."""
        from piwizard.engine import run_launch

        return run_launch.folder(run) / "events.jsonl"

    def facts(self) -> Facts:
        """Return the facts about this machine."""
        from piwizard.system import facts

        return facts.gather()

    def page_content(self, site: str | None, page: FormPage, facts: Facts) -> PageContent:
        """Return what a page of the setup shows of a site."""
        from piwizard.screens.setup.site_setup import PageContent
        from piwizard.setup.reach import provider_of

        form = self.site_form(site)
        with self._source_lock:
            provider = provider_of(form.answers)
            return PageContent(
                site=site,
                facts=facts,
                groups=form.questions(page),
                answers=form.answers.values,
                findings=form.findings() if page is page.APP else (),
                settings=form.settings() if page in (page.APP, page.SETTINGS, page.ALL) else (),
                audience=form.audience,
                provider=provider.title if provider else "",
                trouble=form.trouble,
            )

    def lookup(self, kind: Lookup, value: Any) -> AnswerLookup:  # noqa: ANN401 — as its validator returns it
        """Look up an answer in DNS or at the Git host."""
        from piwizard.screens.widgets.answer_lookup import look_up_domains, look_up_repository

        if kind == "repository":
            return look_up_repository(value, self._access(value))
        return look_up_domains(value if isinstance(value, list) else [value])

    def _access(self, repo: str) -> GitAccess:
        """Return the Git login of the site that uses this repository; no login if none does."""
        from piwizard.git.git_access import ANONYMOUS

        try:
            planner = self._planner()
            own = [site for site, values in planner.answers.sites.items() if values.get("app.repo") == repo]
            return planner.context.access(own[0]) if own else ANONYMOUS
        except PiwizardError:  # the question itself shows the error
            return ANONYMOUS

    @staticmethod
    def _without_answers() -> Planner:
        from piwizard.answers.model import AnswersFile
        from piwizard.setup import workspace
        from piwizard.setup.planner import Planner

        return Planner(AnswersFile({}, {}), workspace.secret_store())
