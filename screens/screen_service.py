"""What the screens need of this machine beyond what every front end needs.

Its methods are slow and run in threads, unless they say that they are quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piwizard.errors import PiwizardError
from piwizard.setup import service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from piwizard.answers.questions import Lookup
    from piwizard.diagnosis.findings import Finding
    from piwizard.engine.state import Entry
    from piwizard.git.git_access import GitAccess
    from piwizard.screens.form.answer_lookup import AnswerLookup
    from piwizard.setup.planner import Planner
    from piwizard.setup.run_request import Plans
    from piwizard.setup.status import Status
    from piwizard.steps.registry import StepInstance
    from piwizard.system.facts import Facts


@dataclass(frozen=True)
class MachineOverview:
    """The machine at one moment. `trouble` is a sentence about what could not be read."""

    facts: Facts
    places: tuple[StepInstance, ...]
    statuses: tuple[Status, ...]
    entries: dict[tuple[str, str | None], Entry]
    domains: dict[str, tuple[str, ...]]
    trouble: str = ""

    def status(self, place: StepInstance | None) -> Status | None:
        """Return the status of a step, None if it is not known yet."""
        return next((one for one in self.statuses if one.place == place), None)

    def entry(self, place: StepInstance) -> Entry | None:
        """Return what state.json says of the last run of a step."""
        return self.entries.get((place.step.name, place.site))


def titles(places: Sequence[StepInstance]) -> list[str]:
    """Return the titles of steps, with their site if there are several: "nginx", "App (blog)"."""
    several = len({place.site for place in places if place.site}) > 1
    return [f"{place.step.title} ({place.site})" if several and place.site else place.step.title for place in places]


class ScreenService(service.SetupService):
    """This machine, for a front end that shows everything at once."""

    def first_visit(self) -> bool:
        """Return whether nothing was ever answered or run here. Quick."""
        from piwizard.engine import run_log
        from piwizard.system import paths

        return not (self._file or paths.answers_file()).exists() and not run_log.runs()

    def overview(self, *, thorough: bool) -> MachineOverview:
        """Return an overview. Only a thorough one probes and checks what state.json says is done."""
        from piwizard.setup import kept_answers, workspace
        from piwizard.setup.status import remembered, status

        state, trouble = workspace.state(), ""
        try:
            planner = self._planner()
        except PiwizardError as error:
            trouble = error.sentence
            planner = self._without_answers()
        places = tuple(planner.all_instances())
        entries = {
            (place.step.name, place.site): entry
            for place in places
            if (entry := state.entry(place.step.name, place.site))
        }
        if thorough:
            with self._source_lock:
                statuses = tuple(status(planner, state, workspace.backups()))
                self._pins |= planner.context.pins()
        else:
            statuses = tuple(remembered(planner, state))
        domains = {site: tuple(values.get("site.domains", ())) for site, values in planner.answers.sites.items()}
        trouble = trouble or " ".join([state.trouble, *kept_answers.remarks(None, planner.answers)]).strip()
        return MachineOverview(planner.context.facts, places, statuses, entries, domains, trouble)

    def plan(self, place: StepInstance) -> Plans:
        """Return the plan of one step alone, whatever its state."""
        from piwizard.setup import workspace
        from piwizard.setup.preview import preview
        from piwizard.system.system_cache import SystemCache

        planner = self._planner()
        with self._source_lock:
            changes = planner.plan(place)
            self._pins |= planner.context.pins()
        return [(place, preview(changes, SystemCache(), workspace.backups()))]

    def checkup(self) -> list[Finding]:
        """Run every check from a visitor's view."""
        from piwizard.diagnosis.checkup import examine

        return examine()

    def record(self, run: str) -> Path:
        """Return the file of a run's events. Quick."""
        from piwizard.engine import run_launch

        return run_launch.folder(run) / "events.jsonl"

    def lookup(self, kind: Lookup, value: Any) -> AnswerLookup:  # noqa: ANN401 — as its validator returns it
        """Return what DNS or the Git host says about an answer."""
        from piwizard.screens.form.answer_lookup import host_names, repository

        if kind == "repository":
            return repository(value, self._access(value))
        return host_names(value if isinstance(value, list) else [value])

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
