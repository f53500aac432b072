"""Give the prompts access to this machine, beyond what every front end needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.changes.command import OfferedCommand
from piwizard.diagnosis import overview_refresh
from piwizard.diagnosis.failure import RunFailure, last_failure
from piwizard.engine import run_log
from piwizard.engine.events import Event
from piwizard.errors import ConsentMissing, PiwizardError
from piwizard.setup import kept_answers, offered_commands, workspace
from piwizard.setup.reach import forwards_by_hand
from piwizard.setup.service import Proposal
from piwizard.setup.site_overview import HomeOverview
from piwizard.setup.site_service import SiteService
from piwizard.setup.status import Status, status
from piwizard.steps.registry import StepInstance, step_named
from piwizard.system import files, paths


class PromptService(SiteService):
    """The setup service for a front end that waits for each result."""

    def statuses(self) -> list[Status]:
        """Return the status of every step, probed and checked."""
        planner = self._planner()
        found = status(planner, workspace.state(), workspace.backups())
        self._pins |= planner.context.pins()
        return found

    def trouble(self) -> str:
        """Return a message about state or answers that could not be read, or ""."""
        return " ".join([workspace.state().trouble, *kept_answers.remarks(None, self._planner().answers)]).strip()

    def follow(self, run: str) -> Iterator[Event]:
        """Yield the events of a run, to its end."""
        return run_log.follow(run)

    def failure(self, site: str) -> RunFailure | None:
        """Return why the last run of a site failed; None if it did not."""
        return last_failure(self._planner(), workspace.state(), site)

    def refresh_overview(self) -> HomeOverview:
        """Check all sites and this machine, and return what was found."""
        return overview_refresh.refresh(self._planner(), workspace.state())

    def router_instructions(self) -> list[str]:
        """Return the lines about what to enter in the router, if the user does that."""
        sites = self._planner().answers
        if not any(forwards_by_hand(sites.of(site)) for site in sites.sites):
            return []
        return (files.read(paths.state_dir() / "router-by-hand.txt") or b"").decode("utf-8", "replace").splitlines()

    # Consent

    def consent(self, site: str, key: str) -> ConsentMissing | None:
        """Return what needs consent before the app can be set up, if `key` is its answer."""
        try:
            self._planner().plan(StepInstance(step_named("app"), site))
        except ConsentMissing as missing:
            return missing if key in (missing.key, missing.list_key) else None
        except PiwizardError:  # it is asked for by its key
            return None
        return None

    def keep_consent(self, missing: ConsentMissing) -> None:
        """Save that the user has agreed."""
        offered_commands.keep_consent(missing, self._file)

    def offered(self, proposal: Proposal) -> list[tuple[str, OfferedCommand]]:
        """Return the setup commands that run only after a yes, each with its site."""
        return offered_commands.offered(proposal.plans)

    def keep_commands(self, site: str, commands: Sequence[OfferedCommand]) -> None:
        """Save that these commands run."""
        offered_commands.keep(site, commands, self._file)
