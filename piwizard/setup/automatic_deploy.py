"""Deploy the newest commit of a site if it is new and has not failed before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Literal

from piwizard.alerts import event as alerts
from piwizard.alerts.event import Event
from piwizard.apps import rollback_pin
from piwizard.apps.app_source import site_folder
from piwizard.deploys import deploy_record, deploy_retry, deploy_ways, poll_backoff
from piwizard.deploys.deploy_record import DeployResult, LastDeploy
from piwizard.deploys.deploy_ways import poll_minutes
from piwizard.engine import events, run_launch
from piwizard.engine.run_log import follow
from piwizard.errors import PiwizardError
from piwizard.git.newest_commit import newest_commit
from piwizard.setup import run_request, workspace
from piwizard.setup.health import is_running
from piwizard.setup.planner import Planner
from piwizard.steps.registry import STEPS
from piwizard.system import files
from piwizard.system.lazy_dataclass import dataclass

ALERT, SILENT = "deploy-failed", "repository-silent"
SHORT = 7
"""Characters of a commit that are shown."""
OnEvent = Callable[[events.Event], None]


@dataclass(frozen=True)
class DeployOutcome:
    """The end of an automatic deploy. `detail` is a sentence for people.

    current: nothing is new. refused: the commit has failed before. waiting: the server is asked later.
    """

    result: DeployResult | Literal["current", "refused", "waiting", "interrupted"]
    detail: str
    commit: str = ""

    @property
    def ok(self) -> bool:
        """Return whether the newest commit is served."""
        return self.result in ("deployed", "current")


def check_repository(site: str, way: str, *, at_once: bool = False, on_event: OnEvent | None = None) -> DeployOutcome:
    """Deploy the newest commit of a site's repository, if it is new.

    Nothing is written if it is not. A server that has not answered is asked later and later; `at_once`: now.
    """
    planner = workspace.planner(None)
    answers = planner.answers.of(site)
    in_use = deployed_commit(site)
    if not in_use:
        raise PiwizardError(f"{site} is not set up yet.", hint="Run `piwizard apply` first.")
    if not at_once and not poll_backoff.read_backoff(site).due():
        return DeployOutcome("waiting", f"The server of {site}'s repository did not answer; it is asked again later.")
    try:
        commit = newest_commit(planner.context.access(site), answers.get("app.branch"))
    except PiwizardError as refusal:  # also another host key, or a secret that is missing
        return _unreachable(site, way, poll_minutes(answers), refusal)
    if commit == in_use and not _interrupted(planner, site):
        _note_answer(site, commit, current=True)
        return DeployOutcome("current", f"{site} has the newest commit, {commit[:SHORT]}.", commit)
    if (pin := rollback_pin.read_pin(site)) and pin.leaves(commit):
        _note_answer(site, commit)
        detail = f"{commit[:SHORT]} was rolled back. `piwizard deploy` deploys it; a newer commit is deployed as usual."
        return DeployOutcome("refused", detail, commit)
    refused = deploy_record.read_record(site).refusal_of(commit)
    if refused and not (way == deploy_ways.POLL and deploy_retry.take_second_try(site, commit)):
        _note_answer(site, commit)
        return DeployOutcome("refused", f"{commit[:SHORT]} is not tried again: {refused.reason}", commit)
    return deploy_newest(site, way, on_event)


def _interrupted(planner: Planner, site: str) -> bool:
    """Return whether a run that deployed the site ended without a result, as by a power cut."""
    found, state = planner.select([step.name for step in STEPS if step.deployed], site), workspace.state()
    entries = [(one, state.entry(one.step.name, site)) for one in found]
    return any(entry and entry.result == "running" and not is_running(one, entry) for one, entry in entries)


def deploy_newest(site: str, way: str, on_event: OnEvent | None = None) -> DeployOutcome:
    """Fetch the newest commit, deploy it, wait for the end and record the result.

    Another run is waited for.
    """
    while True:
        run_launch.wait_until_free()
        try:
            return _deploy(site, way, on_event)
        except run_launch.RunUnderWay:
            continue


def deployed_commit(site: str) -> str:
    """Return the commit of the release in use; "" if there is none."""
    content = files.read(site_folder(site) / "current" / "release.json")
    try:
        return str(json.loads(content or b"{}").get("commit", ""))
    except (ValueError, AttributeError):
        return ""


def _deploy(site: str, way: str, on_event: OnEvent | None) -> DeployOutcome:
    began = time.monotonic()
    planner = workspace.planner(None)
    try:
        planner.context.fetch_newest([site])
    except PiwizardError as refusal:  # also a repository that is too large: it must not be fetched every few minutes
        if way == deploy_ways.PUSH:
            return DeployOutcome("failed", refusal.sentence)
        return _unreachable(site, way, poll_minutes(planner.answers.of(site)), refusal)
    commit = planner.context.pins()[site].commit
    _note_answer(site, commit)
    try:
        run = start_deploy(planner, site, way)
    except run_launch.RunUnderWay:
        raise
    except PiwizardError as error:
        return _end(site, way, "failed", commit, error.sentence, began)
    if run is None:
        return DeployOutcome("current", f"{site} has the newest commit, {commit[:SHORT]}.", commit)
    result, reason = follow_to_end(run, on_event)
    if result == "interrupted":
        return DeployOutcome("interrupted", "The run was interrupted. The next check continues it.", commit)
    if result == "done":
        return _end(site, way, "deployed", commit, f"{site} is now at {commit[:SHORT]}.", began)
    return _end(site, way, "failed", commit, reason or f"The run was {result}.", began)


def start_deploy(planner: Planner, site: str, by: str) -> str | None:
    """Start a run of the steps that a new version needs; None if none is needed."""
    names = [step.name for step in STEPS if step.deployed]
    done = run_request.done(planner, workspace.state())
    chosen = planner.with_needs(planner.select_complete(names, site), done)
    plans = run_request.needed(planner, chosen, done)
    if not plans:
        return None
    run_request.require_unedited(plans)
    return run_request.start(planner, plans, overwrite=False, by=by)


def follow_to_end(run: str, on_event: OnEvent | None = None) -> tuple[str, str]:
    """Wait for the end of a run. Return its result, and the first error's sentence."""
    reason = ""
    for event in follow(run):
        if on_event:
            on_event(event)
        if event["event"] == "error":
            reason = reason or " ".join(filter(None, (event["message"], event.get("hint"))))
        elif event["event"] == "apply-finished":
            return event["result"], reason
    return "interrupted", reason


def _unreachable(site: str, way: str, minutes: int, refusal: PiwizardError) -> DeployOutcome:
    """Ask later, and record it once if the server has not answered for a while."""
    after = poll_backoff.note_failure(site, minutes)
    if after.failures == poll_backoff.TELL_AFTER_FAILURES:
        last = LastDeploy(way, "unreachable", "", deploy_record.now(), refusal.sentence)
        deploy_record.note_deploy(site, last)
        _alert(site, last)
    return DeployOutcome("unreachable", refusal.sentence)


def _note_answer(site: str, commit: str, *, current: bool = False) -> None:
    """Record that the server has answered. `current`: and that no version waits to be deployed any longer.

    A problem that stays open would stop the heartbeat of the alerts.
    """
    poll_backoff.forget_failures(site)
    last = deploy_record.read_record(site).last
    if last is None or not (last.result == "unreachable" or (current and last.result == "failed")):
        return
    deploy_record.forget_last(site)
    alerts.report(Event(SILENT, "ok", f"The repository of {site} answers.", subject=site))
    if current:
        alerts.report(Event(ALERT, "ok", f"{site} has the newest version, {commit[:SHORT]}.", subject=site))


def _end(site: str, way: str, result: DeployResult, commit: str, detail: str, began: float) -> DeployOutcome:
    seconds = round(time.monotonic() - began, 1)
    last = LastDeploy(way, result, commit, deploy_record.now(), detail, seconds)
    if result == "failed" and not deploy_record.read_record(site).refusal_of(commit):
        deploy_retry.allow_second_try(site, commit)
    deploy_record.note_deploy(site, last)
    _alert(site, last)
    return DeployOutcome(result, detail, commit)


def _alert(site: str, last: LastDeploy) -> None:
    """Report a version that is not online, and the end of that."""
    what = f"The new version {last.commit[:SHORT]} of {site}" if last.commit else f"The repository of {site}"
    titles = {"deployed": "is online", "failed": "was not deployed", "unreachable": "does not answer"}
    deployed = last.result == "deployed"
    hint = "" if deployed else f"The version before stays. `piwizard deploy --site {site}` tries again."
    problem, title = ALERT if last.commit else SILENT, f"{what} {titles[last.result]}."
    alerts.report(Event(problem, "ok" if deployed else "failed", title, last.detail, hint, site))
