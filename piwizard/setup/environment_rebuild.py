"""Rebuild an app's environment with newer versions, and deploy it."""

from __future__ import annotations

from datetime import UTC, datetime

from piwizard.alerts import event
from piwizard.alerts.event import Event
from piwizard.apps.app_source import PinnedCommit
from piwizard.apps.rebuild_date import read_rebuild_date, write_rebuild_date
from piwizard.apps.rollback_pin import current_release, read_pin
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.automatic_deploy import deployed_commit, follow_to_end, start_deploy
from piwizard.system.lazy_dataclass import dataclass

EVENT = "environment-rebuild"


@dataclass(frozen=True)
class RebuildOutcome:
    """The end of a rebuild. `detail` is a sentence for people.

    `ok` without `rebuilt`: the site stays at the release that it was rolled back to.
    """

    site: str
    ok: bool
    detail: str
    rebuilt: bool = False


def rebuild_environment(site: str) -> RebuildOutcome:
    """Rebuild the environment of the version in use, and wait for the end.

    pip installs the newest versions of what the app's list leaves open. If the smoke test fails, the environment in
    use stays, and the alerts report it.
    """
    if not deployed_commit(site):
        raise PiwizardError(f"{site} is not set up yet.", hint="Run `piwizard apply` first.")
    if read_pin(site):
        return RebuildOutcome(site, True, f"{site} was rolled back: its environment stays until the next deploy.")
    before = read_rebuild_date(site)
    result, reason = "failed", ""
    try:
        run = _start(site)
        result, reason = ("done", "") if run is None else follow_to_end(run)
    except PiwizardError as error:
        reason = error.sentence
    finally:
        if result not in ("done", "interrupted"):  # an interrupted run is continued by the next one
            write_rebuild_date(site, before)
    title = f"Rebuild of the environment of {site}"
    if result == "done":
        event.report(Event(EVENT, "ok", title, subject=site))
        return RebuildOutcome(site, True, f"The environment of {site} was rebuilt.", rebuilt=True)
    detail = reason or f"The run was {result}."
    hint = "The version in use stays. Fix the version that fails in the requirements, or set updates.app to off."
    event.report(Event(EVENT, "failed", title, detail, hint, subject=site))
    return RebuildOutcome(site, False, f"The environment of {site} was not rebuilt: {detail}")


def _start(site: str) -> str | None:
    """Start the run, after any other; None if none is needed."""
    while True:
        run_launch.wait_until_free()
        write_rebuild_date(site, f"{datetime.now(UTC):%Y-%m-%d}")
        try:
            pin = PinnedCommit(deployed_commit(site), current_release(site))
            return start_deploy(workspace.planner(None, {site: pin}), site, "updates")
        except run_launch.RunUnderWay:  # it began meanwhile
            continue
