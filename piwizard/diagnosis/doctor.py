"""Diagnose problems and suggest fixes: `piwizard doctor`.

The order is the machine, nginx, and then each site from its host names to the log of its app.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from piwizard.apps import app_units
from piwizard.changes.base import OwnershipIndex
from piwizard.diagnosis import journald, nginx_errors
from piwizard.diagnosis.app_context import AppContext, find_app_context, merge_duplicates
from piwizard.diagnosis.app_errors import find_causes
from piwizard.diagnosis.blocked_connections import HOME_BLOCKED, blocked_by_filter
from piwizard.diagnosis.disk_use import check_disk_use
from piwizard.diagnosis.findings import Finding, from_check, show_findings
from piwizard.diagnosis.fixes import Apply
from piwizard.diagnosis.journald import JournalLine
from piwizard.diagnosis.last_run import explain_last_run
from piwizard.diagnosis.memory_cgroup import check_kernel_limits
from piwizard.diagnosis.pending_address import check_pending_address
from piwizard.diagnosis.pending_updates import check_updates
from piwizard.diagnosis.service_errors import service_problems
from piwizard.dns.host_names import check_names
from piwizard.engine import run_launch, run_log
from piwizard.engine.state import Entry, State
from piwizard.network import internet_time
from piwizard.network.internet_time import check_clock, read_clock
from piwizard.setup import workspace
from piwizard.setup.health import inspect, is_running
from piwizard.setup.planner import Planner
from piwizard.setup.preview import Previewed
from piwizard.steps.registry import StepInstance
from piwizard.system import commands, console
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.system.system_cache import SystemCache

LOG = ("app-log", "App log without errors")


class Examination:
    """One diagnosis of everything, which changes nothing."""

    def __init__(self, planner: Planner, state: State, memory: OwnershipIndex) -> None:
        self._planner, self._state, self._memory = planner, state, memory
        self._machine = SystemCache()

    def findings(self, site: str | None = None) -> list[Finding]:
        """Return all checks of the machine, and of one site or of all sites."""
        # Better than the step's own check of the clock, which does not ask the Internet.
        clock = from_check(check_clock(read_clock()), "system", None)
        machine = [clock, *(one for one in self._steps(None) if one.id != internet_time.CHECK_ID)]
        machine += check_pending_address()
        if not self._planner.answers.sites:
            return [*machine, no_site()]
        machine += [*check_kernel_limits(), *check_updates(), *check_disk_use(self._planner.answers.sites)]
        known = {(one.id, one.subject) for one in machine}
        sites = [site] if site else list(self._planner.answers.sites)
        return [*machine, *(finding for one in sites for finding in self._site(one, known))]

    def _site(self, site: str, known: Container[tuple[str, str]]) -> Iterator[Finding]:
        domains = self._planner.answers.of(site).get("site.domains", ())
        names = check_names(domains, self._planner.context.facts.network, local=True)
        yield from (from_check(one, "site", site) for one in names if (one.id, one.subject) not in known)
        yield from self._steps(site)
        if self._state.entry("gunicorn", site):
            yield from self._logs(site)

    def _steps(self, site: str | None) -> Iterator[Finding]:
        instances = [instance for instance in self._planner.select() if instance.site == site]
        for instance in sorted(instances, key=lambda instance: instance.step.diagnosis_order):
            entry = self._state.entry(instance.step.name, site)
            yield from self._instance(instance, entry) if entry else self._not_yet(instance)

    def _not_yet(self, instance: StepInstance) -> Iterator[Finding]:
        if self._planner.declined(instance):
            return
        name, missing = instance.step.name, self._planner.missing(instance)
        fix: Fix = (RunCommand("piwizard", f"to answer {missing[0]}"),) if missing else (ApplySteps((name,)),)
        yield _step(instance, ok=False, detail="not set up yet", fix=fix)

    def _instance(self, instance: StepInstance, entry: Entry) -> Iterator[Finding]:
        name, site = instance.step.name, instance.site
        if is_running(instance, entry):
            yield _step(instance, ok=True, detail="being set up right now")
            return
        done = entry.result == "done"
        health = inspect(self._planner, instance, self._memory if done else None, self._machine)
        if health.drift is not None:
            yield self._drift(instance, entry, health.drift)
        elif not done:
            recorded, context = (
                run_log.read(run_launch.folder(entry.run)),
                find_app_context(self._planner, site, entry.run) if site else None,
            )
            yield from explain_last_run(recorded, entry, name, site, context)
        yield from (from_check(check, name, site) for check in health.checks)
        if error := health.error:
            fix = (Advice(error.hint),) if error.hint else ()
            yield _step(instance, ok=False, detail=error.message, cause="piwizard cannot set it up again now.", fix=fix)

    def _drift(self, instance: StepInstance, entry: Entry, drift: Sequence[Previewed]) -> Finding:
        """Return whether the step is in sync. Units have checks of their own, which say more about them."""
        name = instance.step.name
        changed = [one for one in drift if one.change.kind != "unit"]
        if not changed:
            return _step(instance, ok=True, detail="as it was set up")
        detail = f"out of sync: {changed[0].change.describe()}"
        detail += f" ({changed[0].preview.now})" if changed[0].preview.now else ""
        detail += f", and {len(changed) - 1} more" if len(changed) > 1 else ""
        show = RunCommand(f"piwizard plan {name}", "to see the difference")
        if any(one.preview.edited for one in changed):
            cause = "A file that piwizard wrote was edited by hand."
            again = RunCommand(f"piwizard apply {name} --yes", "to replace it; your version is kept")
            return _step(instance, ok=False, detail=detail, cause=cause, fix=(show, again))
        cause = entry.upgraded or entry.moved or "The machine or the answers have changed since it was set up."
        return _step(instance, ok=False, detail=detail, cause=cause, fix=(show, ApplySteps((name,), "to restore it")))

    def _logs(self, site: str) -> Iterator[Finding]:
        """Read the logs of the app, gunicorn, systemd and nginx since its last start and its last run."""
        result = commands.run(journald.argv(f"{site}.service"))
        if not result.ok:
            cause = result.last_lines or f"journalctl ended with exit code {result.exit}."
            fix = (RunCommand("sudo journalctl --verify", "to check the journal"),)
            yield Finding(*LOG, False, "unknown: the journal cannot be read", cause, fix, step="app", site=site)
            return
        lines, last_run = journald.last_start(journald.parse(result.output)), self._last_run(site)
        context = find_app_context(self._planner, site)
        found = self._failures(lines, context, last_run) if context else []
        for unit in context.further if context else ():
            own = journald.last_start(journald.parse(commands.run(journald.argv(unit)).output))
            found += self._failures(own, context, last_run) if context else []
        found += service_problems(lines, site, explained=bool(found))
        begin = lines[0].at if lines else last_run
        if context and not any(finding.id == HOME_BLOCKED[0] for finding in found):
            found += blocked_by_filter(context.refused, context, begin)
        refused = nginx_errors.parse(_end_of(Path(nginx_errors.LOG)))
        domains = self._planner.answers.of(site).get("site.domains", ())
        found += nginx_errors.upstream_problems(refused, site, app_units.socket_path(site), begin)
        found += nginx_errors.upload_problems(refused, site, domains, begin)
        since = f" since {begin:%Y-%m-%d %H:%M} UTC" if begin else ""
        detail = f"no errors{since}" if lines else "the journal no longer has any lines"
        yield from found or [Finding(*LOG, True, detail, step="app", site=site)]

    def _failures(self, lines: Sequence[JournalLine], context: AppContext, last_run: datetime | None) -> list[Finding]:
        """Return the causes of the tracebacks; the last run may have fixed earlier ones."""
        before = [line for line in lines if last_run and line.at <= last_run]
        after = lines[len(before) :]
        found = [
            finding
            for part, one in ((before, replace(context, before_last_run=True)), (after, context))
            for finding in find_causes([[line.text for line in own] for own in journald.by_process(part)], one)
        ]
        return merge_duplicates(iter(found))

    def _last_run(self, site: str) -> datetime | None:
        """Return the time of the last successful run of the app."""
        entries = [self._state.entry(step, site) for step in ("app", "gunicorn")]
        done = [datetime.fromisoformat(entry.at) for entry in entries if entry and entry.result == "done"]
        return max(done, default=None)


def run(site: str | None, apply: Apply, *, fix: bool, yes: bool, as_json: bool, everything: bool = False) -> int:
    """Run the command: diagnose, show, fix after a yes, diagnose again.

    Return the exit code.

    `everything`: also list each check that passed. Under --json the findings come last, after the events of the fixes.
    """
    from piwizard.diagnosis import fixes

    found = examine(site)
    if not (as_json and fix):
        _show(found, as_json=as_json, everything=everything)
    if fix:
        fixed = fixes.fix_findings(found, apply, yes=yes, as_json=as_json)
        if fixed:
            found = examine(site)
        if fixed or as_json:
            _show(found, as_json=as_json, everything=everything)
    return 0 if all(finding.ok for finding in found) else 1


def _show(found: Sequence[Finding], *, as_json: bool, everything: bool) -> None:
    if as_json:
        console.say_json({"findings": [finding.as_json() for finding in found]}, but=run_log.PLAIN)
    else:
        show_findings(found, everything=everything)


def examine(site: str | None = None) -> list[Finding]:
    """Diagnose this machine."""
    return Examination(workspace.planner(None), workspace.state(), workspace.backups()).findings(site)


def no_site() -> Finding:
    """Return the finding if there are no answers yet."""
    fix = (RunCommand("piwizard", "to set up your first site"),)
    return Finding("site-set-up", "Site set up", False, "none", "There are no answers yet.", fix, step="app")


def _step(instance: StepInstance, *, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
    name = instance.step.name
    return Finding("step-in-sync", f"{instance.step.title} in sync", ok, detail, cause, fix, subject=name, step=name,
                   site=instance.site)  # fmt: skip


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - nginx_errors.MAX_LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
