"""What state remembers, held against what probes and checks see."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from piwizard.engine import events, launch
from piwizard.engine.journal import Backups, journaled
from piwizard.engine.state import Entry, State
from piwizard.errors import PiwizardError
from piwizard.machine.checks import Check
from piwizard.machine.snapshot import Machine
from piwizard.setup.planner import Wizard
from piwizard.setup.preview import Previewed, preview
from piwizard.steps import registry
from piwizard.steps.registry import Place

WAITS = "Optional: waits for your answers."
NOT_WANTED = "not wanted, as you answered"


@dataclass(frozen=True)
class Status:
    """One step's state: todo, running, done, drifted, failed, interrupted, stopped, skipped; `summary` says why."""

    place: Place
    state: str
    at: str | None = None
    run: str | None = None
    summary: str = ""
    drift: tuple[Previewed, ...] = ()
    checks: tuple[Check, ...] = ()
    waits: bool = False
    """It is optional, and nobody has given the answers that it needs."""

    @property
    def settled(self) -> bool:
        """Whether the set-up can do without another run of this step."""
        if self.place.step.optional:
            return self.state not in ("failed", "interrupted", "drifted")
        return self.state == "done"

    def as_json(self) -> dict[str, str | None]:
        """The shape of a step under --json."""
        return {
            "step": self.place.step.name,
            "site": self.place.site,
            "state": self.state,
            "at": self.at,
            "run": self.run,
            "summary": self.summary,
        }


def all_set_up(found: Iterable[Status]) -> bool:
    """Whether nothing is left but what is optional and was not begun."""
    return all(one.settled for one in found)


def addresses(found: Sequence[Status], domains: Mapping[str, Sequence[str]], secure: Container[str]) -> dict[str, str]:
    """Where each site answers by now: those of which every step that it needs is done.

    `domains` by site; `secure` holds the sites that are served over HTTPS.
    """
    served = {one.place.site for one in found if one.place.step.name == "site"}
    served -= {one.place.site for one in found if not one.settled}
    return {
        site: f"{'https' if site in secure else 'http'}://{names[0]}/"
        for site, names in domains.items()
        if names and site in served
    }


def remembered(wizard: Wizard, state: State) -> list[Status]:
    """The state of every step as it is remembered. Quick: nothing is probed."""
    alive = launch.all_under_way().values()
    return [
        _remembered(place, wizard, state.entry(place.step.name, place.site), alive) for place in wizard.everything()
    ]


def _remembered(place: Place, wizard: Wizard, entry: Entry | None, alive: Collection[str]) -> Status:
    if entry is None:
        if place.step.name in wizard.skipped:
            return Status(place, "skipped")
        waits = place.step.optional and bool(wizard.missing(place))
        return Status(place, "todo", summary=WAITS if waits else "", waits=waits)
    if entry.result == "running" and entry.run in alive:
        return Status(place, "running", entry.at, entry.run, _progress(entry))
    if entry.result == "running":
        return Status(place, "interrupted", entry.at, entry.run, "It was cut off; `piwizard apply` goes on.")
    result = "interrupted" if entry.result == "stopped" else entry.result
    summary = NOT_WANTED if result == "done" and wizard.declined(place) else entry.summary
    return Status(place, result, entry.at, entry.run, summary)


def _progress(entry: Entry) -> str:
    """How far a step under way is, in its own words."""
    said = events.last(launch.folder(entry.run), "progress")
    return str(said["text"]) if said else ""


def status(wizard: Wizard, state: State, backups: Backups) -> list[Status]:
    """The state of every step. Only what is remembered as done is probed and checked."""
    machine = Machine()
    return [
        _looked_at(one, wizard, backups, machine, state) if one.state == "done" else one
        for one in remembered(wizard, state)
    ]


def without_answers(wizard: Wizard, state: State, backups: Backups) -> list[Status]:
    """The steps of sites that are set up and that the answers lack: what they should be like is not known."""
    known = journaled(backups.folder) | state.steps()
    sites = sorted({site for _, site in known if site is not None and site not in wizard.answers.sites})
    places = [Place(step, site) for site in sites for step in registry.STEPS if (step.name, site) in known]
    return [_without_answers(place, state.entry(place.step.name, place.site)) for place in places]


def _without_answers(place: Place, entry: Entry | None) -> Status:
    summary = f"Set up, but there are no answers for {place.site}: `piwizard remove {place.site}` removes it."
    return Status(place, "drifted", entry.at if entry else None, entry.run if entry else None, summary)


def _looked_at(one: Status, wizard: Wizard, backups: Backups, machine: Machine, state: State) -> Status:
    place = one.place
    entry = state.entry(place.step.name, place.site)
    moved = f" {entry.moved}" if entry and entry.moved else ""
    try:
        drift = tuple(found for found in preview(wizard.plan(place), machine, backups) if not found.preview.holds)
        checks = tuple(wizard.checks(place)) if not drift else ()
    except PiwizardError as error:
        return replace(one, state="drifted", summary=f"{error.message}{moved}")
    bad = [check for check in checks if not check.ok]
    if drift:
        now = f" ({drift[0].preview.now})" if drift[0].preview.now else ""
        summary = f"No longer so: {drift[0].change.describe()}{now}{'.' if moved else ''}{moved}"
    elif bad:
        summary = f"{bad[0].name}: {bad[0].detail}{'.' if moved else ''}{moved}"
    else:
        return replace(one, checks=checks)
    return replace(one, state="drifted", summary=summary, drift=drift, checks=checks)
