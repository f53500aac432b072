"""Say which version of each app is live: the last line of a deploy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from piwizard.apps.app_source import site_folder
from piwizard.apps.commit_subject import fetched_subject
from piwizard.cli import output
from piwizard.setup.planner import Planner
from piwizard.setup.status import addresses, remembered
from piwizard.setup.workspace import state
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass
from piwizard.tls.lineage import folders_in_use

SHORT = 7
"""Characters of a commit that are shown."""


@dataclass(frozen=True)
class LiveVersion:
    """The version of an app that answers now, and the one that answered before a run."""

    site: str
    commit: str
    before: str | None
    subject: str = ""
    address: str = ""

    @property
    def sentence(self) -> str:
        """Return the version, address and former version as one line."""
        subject = f" “{self.subject}”" if self.subject else ""
        address = f": {self.address}" if self.address else ""
        if self.commit == self.before:
            return f"{self.site} is at {self.commit[:SHORT]}{subject}{address}"
        was = f" (was {self.before[:SHORT]})" if self.before else ""
        return f"{self.site} is now at {self.commit[:SHORT]}{subject}{address}{was}"


def deployed_commits(sites: Iterable[str]) -> dict[str, str]:
    """Return the commit in use of each of these sites that is deployed."""
    found = {site: _commit_of(site_folder(site) / "current" / "release.json") for site in sites}
    return {site: commit for site, commit in found.items() if commit}


def live_versions(planner: Planner, before: Mapping[str, str]) -> list[LiveVersion]:
    """Return what is live now of each chosen site."""
    sites = planner.answers.sites
    domains = {site: values.get("site.domains", ()) for site, values in sites.items()}
    urls = addresses(remembered(planner, state()), domains, folders_in_use())
    return [
        LiveVersion(site, commit, before.get(site), fetched_subject(site, commit), urls.get(site, ""))
        for site, commit in deployed_commits(sites).items()
    ]


def show_live_versions(planner: Planner, sites: Iterable[str], before: Mapping[str, str]) -> None:
    """Print one line for each of these sites."""
    wanted = set(sites)
    for one in live_versions(planner, before):
        if one.site in wanted:
            output.say_result(one.sentence)


def _commit_of(note: Path) -> str:
    content = files.read(note)
    return str(json.loads(content).get("commit", "")) if content else ""
