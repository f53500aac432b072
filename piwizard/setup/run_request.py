"""Decide which steps a run needs, and start it; the same for every front end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from piwizard.apps.app_source import PinnedCommit
from piwizard.apps.rollback_pin import current_release
from piwizard.engine import run_launch
from piwizard.engine.state import State
from piwizard.errors import PiwizardError
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.preview import Previewed, preview_all
from piwizard.steps.registry import StepInstance
from piwizard.system import caller_env


class PlanOutdated(run_launch.RunUnderWay):
    """Another run has switched a site to another release since the plan was made."""


Plans = list[tuple[StepInstance, list[Previewed]]]


def done(planner: Planner, state: State) -> list[StepInstance]:
    """Return the steps whose last run is recorded as done."""
    return [
        instance
        for instance in planner.all_instances()
        if (entry := state.entry(instance.step.name, instance.site)) and entry.result == "done"
    ]


def needed(planner: Planner, chosen: Sequence[StepInstance], finished: Sequence[StepInstance]) -> Plans:
    """Return the plans of steps that are not done or out of sync; alters nothing.

    Steps that only wait for their background jobs are skipped.
    """
    planner.require_answers(chosen)
    return left(preview_all(planner, chosen, workspace.backups()), finished)


def left(plans: Plans, finished: Sequence[StepInstance]) -> Plans:
    """Return those plans that a run needs, as `needed` does."""
    return [
        (instance, changes)
        for instance, changes in plans
        if not _waits(changes) and (instance not in finished or any(not one.preview.in_sync for one in changes))
    ]


def require_unedited(plans: Plans) -> None:
    """Raise PiwizardError if a plan would replace a file that was edited by hand."""
    for one in (one for _, changes in plans for one in changes if one.preview.edited):
        raise PiwizardError(
            f"{one.change.describe()}: you edited this file by hand after piwizard wrote it.",
            hint="`piwizard plan` shows the difference. `piwizard apply --yes` replaces it and keeps a backup.",
        )


def _waits(changes: Sequence[Previewed]) -> bool:
    """Check whether a background job is at work, and nothing is left to do before it."""
    left = next((one.preview for one in changes if not one.preview.in_sync), None)
    return left is not None and left.pending


def in_background(instances: Sequence[StepInstance]) -> list[StepInstance]:
    """Return those of the steps whose background jobs run."""
    return [instance for instance in instances if instance.step.background and instance.step.background.running()]


def start(planner: Planner, plans: Plans, *, overwrite: bool, by: str = "") -> str:
    """Start a run of these plans, with the commits that they were made from.

    Generates missing secrets first. `by` is who or what starts it, if not the account that runs this command.
    Returns the id of the run.
    """
    planner.keep_secrets(instance for instance, _ in plans)
    steps = tuple((instance.step.name, instance.site) for instance, _ in plans)
    pins = planner.context.pins()
    commits = tuple((site, pin.commit) for site, pin in pins.items())
    rollbacks, by = tuple(planner.context.rollbacks.items()), by or caller_env.read_caller()
    request = run_launch.RunRequest("apply", steps, overwrite, commits, rollbacks=rollbacks, by=by)
    return run_launch.start(request, lambda: require_current(pins))


def pins_of(request: run_launch.RunRequest) -> dict[str, PinnedCommit]:
    """Return the commits that a run uses, whatever release is in use."""
    return {site: PinnedCommit(commit, current_release(site)) for site, commit in request.pins}


def require_current(pins: Mapping[str, PinnedCommit]) -> None:
    """Raise PlanOutdated if a site uses another release than when its plan was made."""
    for site, pin in pins.items():
        if pin.outdated(site):
            raise PlanOutdated(
                f"Another version of {site} was deployed since this plan was made, so nothing was changed.",
                hint="Try again: the new plan is made for the version in use.",
            )
