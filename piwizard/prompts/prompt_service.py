"""Give the prompts access to this machine, beyond what every front end needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from piwizard.engine import run_log
from piwizard.engine.events import Event
from piwizard.setup import kept_answers, service, workspace
from piwizard.setup.status import Status, addresses, status
from piwizard.tls.lineage import folders_in_use


class PromptService(service.SetupService):
    """The setup service for a front end that waits for each result."""

    def statuses(self) -> list[Status]:
        """Return the status of every step, probed and checked."""
        planner = self._planner()
        found = status(planner, workspace.state(), workspace.backups())
        self._pins |= planner.context.pins()
        return found

    def addresses(self, found: Sequence[Status]) -> dict[str, str]:
        """Return the address of each site."""
        sites = self._planner().answers.sites
        domains = {site: values.get("site.domains", ()) for site, values in sites.items()}
        return addresses(found, domains, folders_in_use())

    def trouble(self) -> str:
        """Return a message about state or answers that could not be read, or ""."""
        return " ".join([workspace.state().trouble, *kept_answers.remarks(None, self._planner().answers)]).strip()

    def follow(self, run: str) -> Iterator[Event]:
        """Yield the events of a run, to its end."""
        return run_log.follow(run)
