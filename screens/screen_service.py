"""Serve the screens: the overview, the setup, lookups and all other subjects.

The methods are slow and run in threads, unless they say that they are quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.screens.diagnosis_service import DiagnosisService
from piwizard.screens.machine_overview import MachineOverview
from piwizard.screens.restore_service import RestoreService
from piwizard.screens.update_service import UpdateService
from piwizard.setup.alert_service import AlertService
from piwizard.setup.answer_labels import sentence_of
from piwizard.setup.backup_service import BackupService
from piwizard.setup.deploy_service import DeployService
from piwizard.setup.pi_restore_service import PiRestoreService
from piwizard.setup.site_service import SiteService
from piwizard.setup.version_service import VersionService

if TYPE_CHECKING:
    from piwizard.answers.questions import Lookup
    from piwizard.git.git_access import GitAccess
    from piwizard.screens.home.router_rules import RouterRules
    from piwizard.screens.rehearsal_process import RehearsalProcess
    from piwizard.screens.setup.site_setup import PageContent
    from piwizard.screens.widgets.answer_lookup import AnswerLookup
    from piwizard.setup.form_page import FormPage
    from piwizard.setup.planner import Planner
    from piwizard.system.facts import Facts


class ScreenService(
    DiagnosisService,
    SiteService,
    VersionService,
    DeployService,
    BackupService,
    RestoreService,
    PiRestoreService,
    AlertService,
    UpdateService,
):
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
            trouble = sentence_of(error)
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

    def site_waiting_for_router(self) -> str | None:
        """Return the first site that no visitor has reached through the router yet."""
        return next((site for site in self._planner().answers.sites if self.waits_for_router(site)), None)

    def failed_at_router(self, site: str) -> bool:
        """Return whether the last run failed because the router is not set up yet."""
        from piwizard.setup.reach import FORWARD

        failure = self.failure(site)
        return failure is not None and failure.key == FORWARD and self.router_rules(site) is not None

    def app_log(self, site: str, after: str) -> tuple[list[str], str]:
        """Return what the app has printed since a place in the journal, and its end.

        Without a place, return the last lines.
        """
        from piwizard.screens.home.app_journal import read_journal

        return read_journal(f"{site}.service", after)

    def facts(self) -> Facts:
        """Return the facts about this machine."""
        from piwizard.system import facts

        return facts.gather()

    def rehearsal(self) -> RehearsalProcess:
        """Return a rehearsal of the setup that has not started yet. Quick."""
        from piwizard.screens.rehearsal_process import RehearsalProcess

        return RehearsalProcess()

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
