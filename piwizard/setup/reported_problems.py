"""End problems that were reported, and that nothing else reports as over.

A problem that stays open stops the heartbeat of the alerts.
"""

from __future__ import annotations

from collections.abc import Mapping

from piwizard.alerts.event import Event
from piwizard.alerts.problem_log import TrackedProblem
from piwizard.setup import automatic_deploy, environment_rebuild
from piwizard.setup.deploy_status import status_of
from piwizard.setup.planner import Planner

TITLES = {
    automatic_deploy.ALERT: "Deploys of {}",
    automatic_deploy.SILENT: "The repository of {}",
    environment_rebuild.EVENT: "Rebuild of the environment of {}",
}


def ended_problems(planner: Planner, problems: Mapping[str, TrackedProblem]) -> list[Event]:
    """Return the ends of those open problems that no longer exist.

    A person may have deployed by hand, changed an answer or removed the site.
    """
    found = []
    for key, problem in problems.items():
        kind, _, site = key.partition("/")
        if problem.reported and kind in TITLES and not _exists(planner, kind, site):
            found.append(Event(kind, "ok", TITLES[kind].format(site), subject=site))
    return found


def _exists(planner: Planner, kind: str, site: str) -> bool:
    if site not in planner.answers.sites:
        return False
    if kind == environment_rebuild.EVENT:
        return planner.answers.machine.get("updates.app") != "off"
    return bool(status_of(planner.answers.of(site)).problem)
