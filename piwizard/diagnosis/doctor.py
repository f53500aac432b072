"""`piwizard doctor`: the machine, nginx, then each site from its host names down to the app's own log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from piwizard import output, systemd_units
from piwizard.apps.chosen import Chosen
from piwizard.changes.base import Memory
from piwizard.diagnosis import clock, journald, names, nginx_errors
from piwizard.diagnosis.app_context import AppContext, app_context, each_once
from piwizard.diagnosis.app_errors import find_causes
from piwizard.diagnosis.blocked_connections import HOME_BLOCKED, blocked_by_filter
from piwizard.diagnosis.findings import Finding, from_check, show_findings
from piwizard.diagnosis.journald import Line
from piwizard.diagnosis.last_run import explain_last_run
from piwizard.diagnosis.memory_cgroup import check_kernel_limits
from piwizard.diagnosis.pending_address import check_pending_address
from piwizard.diagnosis.pending_updates import check_updates
from piwizard.diagnosis.service_errors import service_problems
from piwizard.engine import events, launch
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
            return [*clock.look(), *self._steps(None), *check_pending_address(), no_site()]
        sites = [site] if site else list(self._wizard.answers.sites)
        machine = [
            *clock.look(),
            *self._steps(None),
            *check_pending_address(),
            *check_kernel_limits(),
            *check_updates(),
        ]
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
                recorded = events.read(launch.folder(entry.run))
                yield from explain_last_run(
                    recorded, entry, name, site, self._app_context(site, entry) if site else None
                )
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

    def _app_context(self, site: str, entry: Entry | None = None) -> AppContext | None:
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
            return app_context(app, newest=source.release is None and app.layout.current.exists())
        except (PiwizardError, OSError, ValueError):  # no code, no record, or no app in it: the checks say so
            return None

    def _words(self, site: str) -> Iterator[Finding]:
        """The app's own words, systemd's and gunicorn's, and nginx's, since its last start and its last run here."""
        result = commands.run(journald.argv(f"{site}.service"))
        if not result.ok:
            cause = result.last_words or f"journalctl ended with exit code {result.exit}."
            fix = (RunCommand("sudo journalctl --verify", "to check the journal"),)
            yield Finding(*LOG, False, "unknown: the journal cannot be read", cause, fix, step="app", site=site)
            return
        lines, treated = journald.last_start(journald.parse(result.output)), self._treated(site)
        context = self._app_context(site)
        found = self._failures(lines, context, treated) if context else []
        found += service_problems(lines, site, explained=bool(found))
        begin = lines[0].at if lines else treated
        if context and not any(finding.id == HOME_BLOCKED[0] for finding in found):
            found += blocked_by_filter(context.refused, context, begin)
        found += nginx_errors.upstream_problems(
            nginx_errors.parse(_end_of(Path(nginx_errors.LOG))), site, systemd_units.socket_path(site), begin
        )
        since = f" since {begin:%Y-%m-%d %H:%M} UTC" if begin else ""
        said = f"no errors{since}" if lines else "the journal no longer has any lines"
        yield from found or [Finding(*LOG, True, said, step="app", site=site)]

    def _failures(self, lines: Sequence[Line], context: AppContext, treated: datetime | None) -> list[Finding]:
        """What is behind the tracebacks, those from before the last run in the light of what that mended."""
        before = [line for line in lines if treated and line.at <= treated]
        after = lines[len(before) :]
        found = [
            finding
            for words, one in ((before, replace(context, treated=True)), (after, context))
            for finding in find_causes([[line.text for line in own] for own in journald.by_process(words)], one)
        ]
        return each_once(iter(found))

    def _treated(self, site: str) -> datetime | None:
        """When a run last worked on the app."""
        entries = [self._state.entry(step, site) for step in ("app", "gunicorn")]
        done = [datetime.fromisoformat(entry.at) for entry in entries if entry and entry.result == "done"]
        return max(done, default=None)


def run(site: str | None, *, fix: bool, yes: bool, as_json: bool) -> int:
    """Run the command: examine, show, fix after a yes, examine again. Return the exit code.

    Under --json the findings come last, after the events of the fixes.
    """
    from piwizard.diagnosis import fixes

    found = examine(site)
    if not (as_json and fix):
        _give(found, as_json=as_json)
    if fix:
        fixed = fixes.fix_findings(found, yes=yes, as_json=as_json)
        if fixed:
            found = examine(site)
        if fixed or as_json:
            _give(found, as_json=as_json)
    return 0 if all(finding.ok for finding in found) else 1


def _give(found: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        output.dump({"findings": [finding.as_json() for finding in found]})
    else:
        show_findings(found)


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
            file.seek(max(0, log.stat().st_size - nginx_errors.MOST))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
