"""Plan the way back to an earlier release, and say what the data means."""

from __future__ import annotations

from piwizard.apps import rollback_pin
from piwizard.apps.layout import SiteLayout
from piwizard.apps.migration_changes import MAX_NAMED, changed_commands, changed_migrations
from piwizard.errors import PiwizardError
from piwizard.setup import run_request, workspace
from piwizard.setup.planner import Planner
from piwizard.setup.run_request import Plans
from piwizard.setup.site_releases import SHORT_COMMIT, SiteRelease, list_releases
from piwizard.steps.registry import STEPS
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class RollbackProposal:
    """A rollback for a person to confirm.

    `data_warning`: how the data may not fit the release; "" if nothing says so.
    """

    site: str
    release: SiteRelease
    in_use: SiteRelease
    planner: Planner
    plans: Plans
    data_warning: str = ""

    @property
    def sentence(self) -> str:
        """Return what happens."""
        return f"{self.site} goes back from {_title(self.in_use)} to {_title(self.release)}."


def propose_rollback(site: str, wanted: str | None) -> RollbackProposal:
    """Return the plan for a rollback to a release; without a name, to the one before.

    `wanted` is the beginning of its name or commit. PiwizardError if there is none. Alters nothing.
    """
    planner = workspace.planner(None)
    planner.answers.of(site)
    releases = list_releases(site)
    if not releases or not releases[0].in_use:
        raise PiwizardError(f"{site} has no release yet.", hint="Run `piwizard apply` first.")
    target = _named(site, releases, wanted) if wanted else _before(site, releases)
    return _proposal(site, planner, releases[0], target)


def propose_undo(site: str) -> RollbackProposal:
    """Return the plan that undoes the last rollback. PiwizardError if there was none."""
    pin = rollback_pin.read_pin(site)
    if pin is None:
        raise PiwizardError(
            f"{site} was not rolled back, or deployed since, so there is no rollback to undo.",
            hint=f"`piwizard releases {site}` lists the releases.",
        )
    return propose_rollback(site, pin.left[-1].release)


def start_rollback(proposal: RollbackProposal) -> str:
    """Start the run of a rollback, and return its id."""
    run_request.require_unedited(proposal.plans)
    return run_request.start(proposal.planner, proposal.plans, overwrite=False)


def _proposal(site: str, planner: Planner, in_use: SiteRelease, target: SiteRelease) -> RollbackProposal:
    planner.context.rollbacks = {site: target.name}
    steps = planner.select([step.name for step in STEPS if step.deployed], site)
    plans = run_request.needed(planner, steps, run_request.done(planner, workspace.state()))
    return RollbackProposal(site, target, in_use, planner, plans, _data_warning(site, in_use, target))


def _named(site: str, releases: list[SiteRelease], wanted: str) -> SiteRelease:
    exact = [one for one in releases if one.name == wanted]
    found = exact or [one for one in releases if one.name.startswith(wanted) or one.record.commit.startswith(wanted)]
    if len(found) == 1 and found[0].in_use:
        raise PiwizardError(f"{site} already uses {_title(found[0])}.", hint=_others(site, releases))
    if len(found) != 1:
        problem = "has no release" if not found else "has several releases"
        raise PiwizardError(f"{site} {problem} whose name begins with {wanted}.", hint=_others(site, releases))
    return found[0]


def _before(site: str, releases: list[SiteRelease]) -> SiteRelease:
    """Return the release that was used before the current one, and that no rollback has left."""
    pin = rollback_pin.read_pin(site)
    left = {one.release for one in pin.left} if pin else set()
    found = [one for one in releases[1:] if one.served and one.name not in left]
    if not found:
        raise PiwizardError(
            f"{site} has no earlier release on the disk.",
            hint="The next deploys keep theirs; app.releases says how many.",
        )
    return found[0]


def _others(site: str, releases: list[SiteRelease]) -> str:
    names = ", ".join(one.name for one in releases if not one.in_use) or "none"
    return f"Other releases: {names}. `piwizard releases {site}` describes them."


def _data_warning(site: str, in_use: SiteRelease, target: SiteRelease) -> str:
    """Return what a person has to know about the data before the code goes back."""
    where = SiteLayout(site, "")
    now, then = (where.folder / "releases" / one.name for one in (in_use, target))
    reasons = []
    if files := changed_migrations(now / "app", then / "app"):
        more = f" and {len(files) - MAX_NAMED} more" if len(files) > MAX_NAMED else ""
        reasons.append(f"migrations differ between the two ({', '.join(files[:MAX_NAMED])}{more})")
    if commands := changed_commands(now, then):
        reasons.append(f"setup commands differ ({', '.join(f'`{one}`' for one in commands[:MAX_NAMED])})")
    if not reasons:
        return ""
    return (
        f"The data may not fit {_title(target)}: {' and '.join(reasons)}. A rollback changes the code alone; "
        f"{where.data} stays as it is. `piwizard restore --site {site}` returns older data from a backup; "
        f"`piwizard undo rollback --site {site}` returns to {_title(in_use)}."
    )


def _title(one: SiteRelease) -> str:
    subject = f" “{one.record.subject}”" if one.record.subject else ""
    return f"{one.record.commit[:SHORT_COMMIT]}{subject}"
