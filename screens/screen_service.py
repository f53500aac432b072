"""What the screens ask of the machine beyond what every front end does. For threads, unless said to be quick."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.setup import service

if TYPE_CHECKING:
    from piwizard.diagnosis.findings import Finding
    from piwizard.engine.state import Entry
    from piwizard.git.git_access import Access
    from piwizard.screens.form.answer_lookup import LookupResult
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance
    from piwizard.system.facts import Facts


LOOKED_UP = ("app.repo", "site.domains", "ddns.hostname")
"""The answers that something outside of the machine can be asked about."""


@dataclass(frozen=True)
class MachineOverview:
    """The machine at one moment. `trouble`: what could not be read, in a sentence."""

    facts: Facts
    places: tuple[StepInstance, ...]
    statuses: tuple[Status, ...]
    entries: dict[tuple[str, str | None], Entry]
    domains: dict[str, tuple[str, ...]]
    trouble: str = ""

    def status(self, place: StepInstance | None) -> Status | None:
        """The state of one step, as far as it is known yet."""
        return next((one for one in self.statuses if one.place == place), None)

    def entry(self, place: StepInstance) -> Entry | None:
        """What is remembered of its last run."""
        return self.entries.get((place.step.name, place.site))


class ScreenService(service.SetupService):
    """This machine, for a front end that shows everything at once."""

    def first_visit(self) -> bool:
        """Whether nothing was ever answered or run here. Quick."""
        from piwizard.engine import run_log
        from piwizard.system import paths

        return not (self._file or paths.answers_file()).exists() and not run_log.runs()

    def overview(self, *, thorough: bool) -> MachineOverview:
        """A look at everything. Only the thorough one probes and checks what is remembered as done."""
        from piwizard.setup import kept_answers, workspace
        from piwizard.setup.status import remembered, status

        state, trouble = workspace.state(), ""
        try:
            wizard = self._planner()
        except PiwizardError as error:
            trouble = error.sentence
            wizard = self._without_answers()
        places = tuple(wizard.all_instances())
        entries = {
            (place.step.name, place.site): entry
            for place in places
            if (entry := state.entry(place.step.name, place.site))
        }
        if thorough:
            with self._source_lock:
                statuses = tuple(status(wizard, state, workspace.backups()))
                self._pins |= wizard.context.pins()
        else:
            statuses = tuple(remembered(wizard, state))
        domains = {site: tuple(values.get("site.domains", ())) for site, values in wizard.answers.sites.items()}
        trouble = trouble or " ".join([state.trouble, *kept_answers.remarks(None, wizard.answers)]).strip()
        return MachineOverview(wizard.context.facts, places, statuses, entries, domains, trouble)

    def plan(self, place: StepInstance) -> Plans:
        """The plan of one step alone, whatever its state."""
        from piwizard.setup import workspace
        from piwizard.setup.preview import preview
        from piwizard.system.system_cache import SystemCache

        wizard = self._planner()
        with self._source_lock:
            changes = wizard.plan(place)
            self._pins |= wizard.context.pins()
        return [(place, preview(changes, SystemCache(), workspace.backups()))]

    def checkup(self) -> list[Finding]:
        """Everything that a visitor's request meets, looked at once."""
        from piwizard.diagnosis.checkup import examine

        return examine()

    def record(self, run: str) -> Path:
        """The file of a run's events. Quick."""
        from piwizard.engine import run_launch

        return run_launch.folder(run) / "events.jsonl"

    def lookup(self, key: str, value: Any) -> LookupResult | None:  # noqa: ANN401 — what the validator of the key gives
        """What a look outside says about an answer, None where there is nothing to look at."""
        from piwizard.screens.form.answer_lookup import LOOKUPS, repository

        if key == "app.repo":
            return repository(value, self._access(value))
        look = LOOKUPS.get(key)
        return look(value) if look else None

    def _access(self, repo: str) -> Access:
        """The login of the site that has this repository; nobody's where it is new."""
        from piwizard.git.git_access import NOBODY

        try:
            wizard = self._planner()
            own = [site for site, values in wizard.answers.sites.items() if values.get("app.repo") == repo]
            return wizard.context.access(own[0]) if own else NOBODY
        except PiwizardError:  # said where that answer is asked for
            return NOBODY

    @staticmethod
    def _without_answers() -> Planner:
        from piwizard.answers.model import AnswersFile
        from piwizard.setup import workspace
        from piwizard.setup.planner import Planner

        return Planner(AnswersFile({}, {}), workspace.secret_store())
