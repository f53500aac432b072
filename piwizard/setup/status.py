"""Report the state of each step, as recorded, previewed and checked."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from piwizard.engine import run_launch
from piwizard.engine.backups import Backups, journaled
from piwizard.engine.leftovers import Leftovers
from piwizard.engine.state import Entry, State
from piwizard.setup import site_traces
from piwizard.setup.health import inspect, is_running
from piwizard.setup.planner import Planner
from piwizard.setup.preview import Previewed
from piwizard.steps import registry
from piwizard.steps.registry import StepInstance
from piwizard.system import paths
from piwizard.system.checks import Check
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

WAITS = "Optional: needs your answers."
FOLLOWS = "Follows with"
NOT_WANTED = "not wanted, as you answered"


@dataclass(frozen=True)
class Status:
    """The state of one step, and why it is so in `summary`.

    todo, running, done, drifted, failed, interrupted, stopped or skipped.
    """

    instance: StepInstance
    state: str
    at: str | None = None
    run: str | None = None
    summary: str = ""
    drift: tuple[Previewed, ...] = ()
    checks: tuple[Check, ...] = ()
    waits: bool = False
    """Whether the step is optional and lacks answers."""
    declined: bool = False
    """Whether an answer turns the step off, and it never ran."""

    @property
    def settled(self) -> bool:
        """Return whether this step needs no further run."""
        if self.instance.step.optional:
            return self.state not in ("failed", "interrupted", "drifted")
        return self.state == "done"

    def as_json(self) -> dict[str, str | None]:
        """Return the step as --json prints it."""
        return {
            "step": self.instance.step.name,
            "site": self.instance.site,
            "state": self.state,
            "at": self.at,
            "run": self.run,
            "summary": self.summary,
        }


def all_set_up(found: Iterable[Status]) -> bool:
    """Return whether only optional steps that were never started are left."""
    return all(one.settled for one in found)


def addresses(found: Sequence[Status], domains: Mapping[str, Sequence[str]], secure: Container[str]) -> dict[str, str]:
    """Return the URL of each site whose steps are all done.

    `domains` by site; `secure`: the sites that are served over HTTPS.
    """
    served = {one.instance.site for one in found if one.instance.step.serves_site}
    served -= {one.instance.site for one in found if not one.settled}
    return {
        site: f"{'https' if site in secure else 'http'}://{names[0]}/"
        for site, names in domains.items()
        if names and site in served
    }


def remembered(planner: Planner, state: State) -> list[Status]:
    """Return the recorded state of every step. Quick: nothing is probed."""
    return [
        _remembered(instance, planner, state.entry(instance.step.name, instance.site))
        for instance in planner.all_instances()
    ]


def _remembered(instance: StepInstance, planner: Planner, entry: Entry | None) -> Status:
    if entry is None:
        if instance.step.name in planner.skipped:
            return Status(instance, "skipped")
        if planner.declined(instance):
            return Status(instance, "skipped", summary=NOT_WANTED, declined=True)
        waits = instance.step.optional and bool(planner.missing(instance))
        return Status(instance, "todo", summary=_waits_for(instance) if waits else "", waits=waits)
    if is_running(instance, entry):
        return Status(instance, "running", entry.at, entry.run, _progress(instance, entry))
    if entry.result == "running":
        return Status(instance, "interrupted", entry.at, entry.run, "Interrupted. Run `piwizard apply` to continue.")
    result = "interrupted" if entry.result == "stopped" else entry.result
    summary = NOT_WANTED if result == "done" and planner.declined(instance) else entry.summary
    return Status(instance, result, entry.at, entry.run, summary)


def _waits_for(instance: StepInstance) -> str:
    """Return what an optional step waits for: answers, or another step if it asks nothing itself."""
    if instance.step.questions(None, None):
        return WAITS
    asking = [registry.step_named(name) for name in instance.step.needs]
    return f"{FOLLOWS} {', '.join(step.title for step in asking)}."


def _progress(instance: StepInstance, entry: Entry) -> str:
    """Return how far the background job of a step is; empty while a run is at work on it."""
    job = instance.step.background
    return job.progress().text if job and not run_launch.alive(entry.run) else ""


def status(planner: Planner, state: State, backups: Backups) -> list[Status]:
    """Return the state of every step; only those recorded as done are checked."""
    machine = SystemCache()
    return [
        _inspected(one, planner, backups, machine, state) if one.state == "done" else one
        for one in remembered(planner, state)
    ]


def without_answers(planner: Planner, state: State, backups: Backups) -> list[Status]:
    """Return the steps of sites without answers that left something on the machine."""
    known = journaled(backups.folder) | state.steps()
    known |= {(step, site) for site, traces in site_traces.find_traces().items() for step in traces.steps}
    sites = sorted({site for _, site in known if site is not None and site not in planner.answers.sites})
    instances = [StepInstance(step, site) for site in sites for step in registry.STEPS if (step.name, site) in known]
    found = [_without_answers(instance, state.entry(instance.step.name, instance.site)) for instance in instances]
    kept = sorted({site for _, site in Leftovers(backups.folder).steps() if site is not None})
    return found + [_data_only(site) for site in kept if site not in sites and site not in planner.answers.sites]


def _data_only(site: str) -> Status:
    folder = paths.sites_dir() / site
    summary = f"Removed, except for {folder}. Run `piwizard remove {site}` to delete what the app wrote there."
    return Status(StepInstance(registry.step_named(registry.DATA_STEP), site), "todo", summary=summary)


def _without_answers(instance: StepInstance, entry: Entry | None) -> Status:
    summary = (
        f"Set up, but the answers have no site {instance.site}. Run `piwizard remove {instance.site}` to remove it."
    )
    return Status(instance, "drifted", entry.at if entry else None, entry.run if entry else None, summary)


def _inspected(one: Status, planner: Planner, backups: Backups, machine: SystemCache, state: State) -> Status:
    entry = state.entry(one.instance.step.name, one.instance.site)
    moved = f" {entry.moved}" if entry and entry.moved else ""
    stop = "." if moved else ""
    health = inspect(planner, one.instance, backups, machine, stop_at_drift=True)
    if health.error and health.error.key is None and not health.drift and not moved:
        # No answer is wrong: a program or a server has failed, which says nothing about this step.
        return replace(one, summary=f"Not checked: {health.error.message}", checks=health.checks)
    if health.error:
        return replace(one, state="drifted", summary=f"{health.error.message}{moved}")
    if health.drift and entry and entry.upgraded and not any(drifted.preview.edited for drifted in health.drift):
        summary = f"{entry.upgraded} The first one: {health.drift[0].change.describe()}."
    elif health.drift:
        first = health.drift[0]
        now = f" ({first.preview.now})" if first.preview.now else ""
        summary = f"Out of sync: {first.change.describe()}{now}{stop}{moved}"
    elif health.failed:
        summary = f"{health.failed[0].name}: {health.failed[0].detail}{stop}{moved}"
    else:
        return replace(one, checks=health.checks)
    return replace(one, state="drifted", summary=summary, drift=health.drift or (), checks=health.checks)
