"""The whole examination: the machine, nginx, then each site from its name down to the app's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from piwizard import systemd_units
from piwizard.apps.chosen import Chosen
from piwizard.changes.base import Memory
from piwizard.doctor import blocked, clock, failures, gateway, journal, kernel, names, past, service, trials, updates
from piwizard.doctor.finding import Finding, from_check
from piwizard.doctor.journal import Line
from piwizard.doctor.patient import Patient, each_once, patient_of
from piwizard.engine import launch, run_log
from piwizard.engine.state import Entry, State
from piwizard.errors import PiwizardError
from piwizard.machine import commands
from piwizard.machine.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.machine.snapshot import Machine
from piwizard.setup import workspace
from piwizard.setup.planner import Planner
from piwizard.setup.preview import preview
from piwizard.setup.status import is_running
from piwizard.steps.registry import StepInstance

LOG = ("app-log", "App log without errors")
FROM_OUTSIDE = ("system", "nginx", "site", "gunicorn", "app")
"""The order in which a person would look; steps that are not named come after, in the wizard's order."""


class Examination:
    """One look at everything. Alters nothing."""

    def __init__(self, wizard: Planner, state: State, memory: Memory) -> None:
        self._wizard, self._state, self._memory = wizard, state, memory
        self._machine = Machine()

    def findings(self, site: str | None = None) -> list[Finding]:
        """Every look at the machine and at one site, or at all."""
        if not self._wizard.answers.sites:
            return [*clock.look(), *self._steps(None), *trials.look(), no_site()]
        sites = [site] if site else list(self._wizard.answers.sites)
        machine = [*clock.look(), *self._steps(None), *trials.look(), *kernel.look(), *updates.look()]
        return [*machine, *(finding for one in sites for finding in self._site(one))]

    def _site(self, site: str) -> Iterator[Finding]:
        network = self._wizard.context.facts.network
        own = [address.address for one in network.interfaces or () for address in one.addresses]
        yield from names.look(self._wizard.answers.of(site).get("site.domains", ()), site, own)
        yield from self._steps(site)
        if self._state.entry("gunicorn", site):
            yield from self._words(site)

    def _steps(self, site: str | None) -> Iterator[Finding]:
        order = {name: number for number, name in enumerate(FROM_OUTSIDE)}
        places = [place for place in self._wizard.select() if place.site == site]
        for place in sorted(places, key=lambda place: order.get(place.step.name, len(order))):
            entry = self._state.entry(place.step.name, site)
            yield from self._place(place, entry) if entry else self._not_yet(place)

    def _not_yet(self, place: StepInstance) -> Iterator[Finding]:
        name, missing = place.step.name, self._wizard.missing(place)
        fix: Fix = (RunCommand("piwizard", f"to answer {missing[0]}"),) if missing else (ApplySteps((name,)),)
        yield _step(place, ok=False, detail="not set up yet", fix=fix)

    def _place(self, place: StepInstance, entry: Entry) -> Iterator[Finding]:
        name, site = place.step.name, place.site
        if is_running(place, entry):
            yield _step(place, ok=True, detail="being set up right now")
            return
        try:
            if entry.result == "done":
                yield self._drift(place, entry)
            else:
                recorded = run_log.read(launch.folder(entry.run))
                yield from past.look(recorded, entry, name, site, self._patient(site, entry) if site else None)
            for check in self._wizard.checks(place):
                yield from_check(check, name, site)
        except PiwizardError as error:
            fix = (Advice(error.hint),) if error.hint else ()
            yield _step(place, ok=False, detail=error.message, cause="It could not be set up again now.", fix=fix)

    def _drift(self, place: StepInstance, entry: Entry) -> Finding:
        """Check that all is as the step left it. Units are left to the checks, which say more about them."""
        name = place.step.name
        previews = preview(self._wizard.plan(place), self._machine, self._memory)
        altered = [one for one in previews if not one.preview.holds and one.change.kind != "unit"]
        if not altered:
            return _step(place, ok=True, detail="as it was set up")
        detail = f"changed since: {altered[0].change.describe()}"
        detail += f" ({altered[0].preview.now})" if altered[0].preview.now else ""
        detail += f", and {len(altered) - 1} more" if len(altered) > 1 else ""
        show = RunCommand(f"piwizard plan {name}", "to see the difference")
        if any(one.preview.edited for one in altered):
            cause = "A file that piwizard wrote was edited by hand."
            again = RunCommand(f"piwizard apply {name} --yes", "to replace it; your version is kept")
            return _step(place, ok=False, detail=detail, cause=cause, fix=(show, again))
        cause = entry.moved or "The machine or the answers have changed since it was set up."
        return _step(place, ok=False, detail=detail, cause=cause, fix=(show, ApplySteps((name,), "to restore it")))

    def _patient(self, site: str, entry: Entry | None = None) -> Patient | None:
        """The app of a site: the version in use, or the one that a run was about; None where no code is at hand."""
        wizard = self._wizard
        try:
            if entry:
                pins = dict(launch.request(entry.run).pins)
                wizard = Planner(wizard.answers, wizard.store, pins)
            place = next(place for place in wizard.select(["app"], site))
            source = wizard.context.of(place).source
            if source is None:
                return None
            app = Chosen(source, wizard.answers.of(site))
            return patient_of(app, newest=source.release is None and app.layout.current.exists())
        except (PiwizardError, OSError, ValueError):  # no code, no record, or no app in it: the checks say so
            return None

    def _words(self, site: str) -> Iterator[Finding]:
        """The app's own words, systemd's and gunicorn's, and nginx's, since its last start and its last run here."""
        result = commands.run(journal.argv(f"{site}.service"))
        if not result.ok:
            cause = result.last_words or f"journalctl ended with exit code {result.exit}."
            fix = (RunCommand("sudo journalctl --verify", "to check the journal"),)
            yield Finding(*LOG, False, "unknown: the journal cannot be read", cause, fix, step="app", site=site)
            return
        lines, treated = journal.last_start(journal.parse(result.output)), self._treated(site)
        patient = self._patient(site)
        found = self._failures(lines, patient, treated) if patient else []
        found += service.look(lines, site, explained=bool(found))
        begin = lines[0].at if lines else treated
        if patient and not any(finding.id == blocked.HOME_BLOCKED[0] for finding in found):
            found += blocked.heard(patient.refused, patient, begin)
        found += gateway.look(gateway.parse(_end_of(Path(gateway.LOG))), site, systemd_units.socket_path(site), begin)
        since = f" since {begin:%Y-%m-%d %H:%M} UTC" if begin else ""
        said = f"no errors{since}" if lines else "the journal no longer has any lines"
        yield from found or [Finding(*LOG, True, said, step="app", site=site)]

    def _failures(self, lines: Sequence[Line], patient: Patient, treated: datetime | None) -> list[Finding]:
        """What is behind the tracebacks, those from before the last run in the light of what that mended."""
        before = [line for line in lines if treated and line.at <= treated]
        after = lines[len(before) :]
        found = [
            finding
            for words, one in ((before, replace(patient, treated=True)), (after, patient))
            for finding in failures.find([[line.text for line in own] for own in journal.by_process(words)], one)
        ]
        return each_once(iter(found))

    def _treated(self, site: str) -> datetime | None:
        """When a run last worked on the app."""
        entries = [self._state.entry(step, site) for step in ("app", "gunicorn")]
        done = [datetime.fromisoformat(entry.at) for entry in entries if entry and entry.result == "done"]
        return max(done, default=None)


def examine(site: str | None = None) -> list[Finding]:
    """Looks at this machine."""
    return Examination(workspace.planner(None), workspace.state(), workspace.backups()).findings(site)


def no_site() -> Finding:
    """Return what is said where there are no answers yet."""
    fix = (RunCommand("piwizard", "to set up your first site"),)
    return Finding("site-set-up", "A site is set up", False, "none", "There are no answers yet.", fix, step="app")


def _step(place: StepInstance, *, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
    name = place.step.name
    return Finding("step-in-sync", f"Step {name} in sync", ok, detail, cause, fix, subject=name, step=name,
                   site=place.site)  # fmt: skip


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - gateway.MOST))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
