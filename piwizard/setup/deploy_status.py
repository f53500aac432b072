"""Report how a site gets new versions, and how the last deploy ended."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from piwizard.answers.model import Answers
from piwizard.apps.app_source import site_folder
from piwizard.deploys import deploy_ways
from piwizard.deploys.deploy_record import DeployRecord, LastDeploy, read_record
from piwizard.deploys.push_changes import PushAddress
from piwizard.deploys.webhook_changes import webhook_path
from piwizard.setup.automatic_deploy import SHORT, deployed_commit
from piwizard.system.lazy_dataclass import dataclass

RESULTS: Mapping[str, str] = {
    "deployed": "deployed",
    "failed": "failed, so the version before stays",
    "unreachable": "the repository does not answer",
}


@dataclass(frozen=True)
class DeployStatus:
    """The ways of one site, the commit in use, and what is recorded."""

    site: str
    ways: tuple[str, ...]
    minutes: int
    commit: str
    record: DeployRecord
    branch: str
    push_url: str = ""
    webhook_url: str = ""
    switched_at: str = ""
    """When the release in use took over, as the record has times."""

    @property
    def sentence(self) -> str:
        """Return how new versions are deployed, in a few words."""
        return deploy_ways.describe_ways(self.ways, self.minutes)

    @property
    def last(self) -> LastDeploy | None:
        return self.record.last

    @property
    def result(self) -> str:
        """Return the last result in a few words; "" before the first."""
        if self.last is None:
            return ""
        what = f"{self.last.commit[:SHORT]}: " if self.last.commit else ""
        return f"{what}{RESULTS.get(self.last.result, self.last.result)}"

    @property
    def problem(self) -> str:
        """Return why a new version is not online; "" if all are."""
        last = self.last
        if not self.ways or last is None or last.result == "deployed" or last.commit == self.commit:
            return ""
        if self.switched_at > last.at:  # a person has deployed or rolled back since
            return ""
        what = f"{last.commit[:SHORT]} was not deployed" if last.commit else "new versions do not arrive"
        return f"{what}: {last.detail}"

    def as_json(self) -> dict[str, Any]:
        """Return the status as --json prints it."""
        return {
            "site": self.site,
            "ways": list(self.ways),
            "poll_minutes": self.minutes if deploy_ways.POLL in self.ways else None,
            "commit": self.commit or None,
            "push": {"url": self.push_url, "branch": self.branch} if self.push_url else None,
            "webhook": {"url": self.webhook_url} if self.webhook_url else None,
            **self.record.as_json(),
        }


def status_of(answers: Answers) -> DeployStatus:
    """Return the status of a site. Quick: reads files only."""
    site, ways = str(answers.site), deploy_ways.ways_of(answers)
    name = (*answers.get("site.domains", ()), "")[0]
    return DeployStatus(
        site,
        ways,
        deploy_ways.poll_minutes(answers),
        deployed_commit(site),
        read_record(site),
        deploy_ways.branch_of(answers, site_folder(site) / "current" / "app"),
        PushAddress(site).url(f"{socket.gethostname()}.local") if deploy_ways.PUSH in ways else "",
        f"https://{name}{webhook_path(site)}" if deploy_ways.WEBHOOK in ways else "",
        _switched_at(site),
    )


def _switched_at(site: str) -> str:
    """Return when the link to the release in use was made; "" without one."""
    try:
        made = (site_folder(site) / "current").lstat().st_mtime
    except OSError:
        return ""
    return datetime.fromtimestamp(int(made), UTC).isoformat(timespec="seconds")
