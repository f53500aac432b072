"""Plan and check an app's further processes and scheduled commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers.model import Answers
from piwizard.apps import offers, process_units
from piwizard.apps.app_processes import AppProcess, ScheduledCommand
from piwizard.apps.process_units import service_name, timer_name
from piwizard.changes.base import Change
from piwizard.changes.command import Notice
from piwizard.changes.companions import Companions, describe_stop, read_last_line
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.errors import PiwizardError
from piwizard.steps.step import PlanContext, app_of
from piwizard.system import systemd
from piwizard.system.checks import Check
from piwizard.system.plural import count_of
from piwizard.system.remedies import Advice, ApplySteps, RunCommand

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig
    from piwizard.apps.app_units import AppUnit

UNITS = Path("/etc/systemd/system")
FOUND = (
    "Beside the web server, the app runs {found}. To change that, set [app.processes] in the answers; "
    "`processes = {{}}` under [app] runs none."
)
FIX_PROCESS = (
    "Correct the program or its command under [app.processes]; `processes = {}` under [app] runs none. "
    "`piwizard logs` shows its last lines."
)


class CompanionUnits:
    """The units of one site besides its web service."""

    def __init__(self, app: AppConfig, unit: AppUnit, context: PlanContext) -> None:
        self._app, self._unit, self._context = app, unit, context
        self._site = unit.site
        self._require_free_names()

    def notices(self) -> Iterator[Notice]:
        """Yield a notice for each process that was found and not answered."""
        found = [f"`{one.text}` as {one.name} ({one.place})" for one in self._app.processes if one.place]
        if found:
            yield Notice("Processes beside the web server", FOUND.format(found=", ".join(found)))
        yield from offers.unrunnable_notices(self._app)
        yield from offers.schedule_offers(self._app)

    def files(self) -> tuple[File, ...]:
        """Return the unit files, for the transaction of the web service."""
        commands: tuple[AppProcess | ScheduledCommand, ...] = (*self._app.processes, *self._app.scheduled)
        services = [
            File(UNITS / service_name(self._site, one.name), process_units.render_process(self._unit, one))
            for one in commands
        ]
        timers = [
            File(UNITS / timer_name(self._site, one.name), process_units.render_timer(self._site, one))
            for one in self._app.scheduled
        ]
        return (*services, *timers)

    def companions(self) -> Companions:
        """Return the services that stop and start with the files."""
        return Companions(self._services, self._jobs, self._retired, "app.processes", FIX_PROCESS)

    def data_writers(self) -> tuple[str, ...]:
        """Return the services that stop while the data is switched."""
        return (*self._services, *self._jobs, *(name for name in self._retired if name.endswith(".service")))

    def running(self) -> tuple[RunningUnit, ...]:
        """Return the units that are enabled, for after the transaction."""
        timers = (timer_name(self._site, one.name) for one in self._app.scheduled)
        return tuple(RunningUnit(name) for name in (*self._services, *timers))

    def removals(self) -> tuple[Change, ...]:
        """Return the changes that remove the units that are no longer wanted."""
        if not self._retired:
            return ()
        reload = Activation(("systemctl", "daemon-reload"))
        files = tuple(AbsentFile(UNITS / name) for name in self._retired)
        timers_first = sorted(self._retired, key=lambda name: name.endswith(".service"))
        disabled = tuple(DisabledUnit(name) for name in timers_first)
        return (*disabled, Transaction(f"{self._site}-retired", files, activate=(reload,)))

    @property
    def _services(self) -> tuple[str, ...]:
        return tuple(service_name(self._site, one.name) for one in self._app.processes)

    @property
    def _jobs(self) -> tuple[str, ...]:
        return tuple(service_name(self._site, one.name) for one in self._app.scheduled)

    @property
    def _wanted(self) -> frozenset[str]:
        timers = (timer_name(self._site, one.name) for one in self._app.scheduled)
        return frozenset((*self._services, *self._jobs, *timers))

    @property
    def _retired(self) -> tuple[str, ...]:
        """Return this site's units that are no longer wanted."""
        own = {f"{self._site}.service", f"{self._site}.socket", *self._wanted}
        return tuple(
            name for name, owner in sorted(self._context.local_units.items()) if owner == self._site and name not in own
        )

    def _require_free_names(self) -> None:
        """Raise PiwizardError if a unit has the name of one that is not this site's."""
        require_free_unit(self._context, self._site, f"{self._site}.service", "site.name")
        for name in (one.name for one in self._app.processes):
            unit = service_name(self._site, name)
            require_free_unit(self._context, self._site, unit, f"app.processes.{name}")
        for command in self._app.scheduled:
            for unit in (service_name(self._site, command.name), timer_name(self._site, command.name)):
                require_free_unit(self._context, self._site, unit, f"app.schedule.{command.times[0]}")


def require_free_unit(context: PlanContext, site: str, unit: str, key: str) -> None:
    """Raise PiwizardError if a unit has this name and is not the site's."""
    stem = unit.rpartition(".")[0]
    owner = context.local_units.get(unit, site)
    if unit in context.packaged_units or f"{stem}.service" in context.packaged_units:
        taken = "a system service"
    elif stem != site and stem in context.sites:
        taken = f"the site {stem}"
    elif owner != site and (owner or stem != site):  # a file of a person with the site's name: see File
        taken = f"a process of the site {owner}" if owner else f"a unit in {UNITS} that piwizard did not write"
    else:
        return
    raise PiwizardError(
        f"{key}: {stem} is the name of {taken}.",
        key=key,
        hint=f"Choose another name for the {'site' if key == 'site.name' else 'process'}.",
    )


def companion_checks(context: PlanContext, answers: Answers) -> Iterator[Check]:
    """Check the processes, the timers and the last scheduled runs."""
    app = app_of(context, answers)
    site = app.layout.site
    services = [service_name(site, one.name) for one in app.processes]
    jobs = [service_name(site, one.name) for one in app.scheduled]
    timers = [timer_name(site, one.name) for one in app.scheduled]
    states = systemd.read_states([*services, *jobs, *timers])
    for unit, process in zip(services, app.processes, strict=True):
        yield _process_check(unit, process, states[unit])
    for timer, job, command in zip(timers, jobs, app.scheduled, strict=True):
        yield _timer_check(timer, command, states[timer])
        if states[job].failed:
            yield _failed_job(job, command)


def _process_check(unit: str, process: AppProcess, state: systemd.UnitState) -> Check:
    up = state.running or state.failing
    restarts = systemd.find_crash_loop(unit, systemd.CHECKED_STABLE_SECONDS) if up else 0
    problem = f"systemd restarted it {count_of(restarts, 'time')}" if restarts else describe_stop(state)
    problem = problem or ("" if state.enabled else "it does not start at boot")
    said = read_last_line(unit) if problem else ""
    return Check(
        "app-process-running",
        f"Process {process.name} running",
        not problem,
        f"{problem}{f'; its last line: {said}' if said else ''}" if problem else process.text,
        cause="The program was stopped, or ends by itself.",
        fix=(RunCommand(f"journalctl -u {unit}", "to see its output"), ApplySteps(("gunicorn",), "to start it again")),
        subject=process.name,
    )


def _timer_check(timer: str, command: ScheduledCommand, state: systemd.UnitState) -> Check:
    ok = state.active == "active" and state.enabled
    return Check(
        "app-schedule-active",
        f"Schedule of {command.name} active",
        ok,
        f"{command.text}: {', '.join(command.times)}" if ok else f"{timer} is {state.active}",
        cause="The timer was stopped.",
        fix=(ApplySteps(("gunicorn",), "to start it again"),),
        subject=command.name,
    )


def _failed_job(job: str, command: ScheduledCommand) -> Check:
    said = read_last_line(job)
    return Check(
        "app-schedule-ran",
        f"Last run of {command.name} succeeded",
        False,
        f"`{command.text}` failed{f'; its last line: {said}' if said else ''}",
        cause="The command itself fails.",
        fix=(
            RunCommand(f"journalctl -u {job}", "to see its output"),
            Advice(f"Correct it, then run `sudo systemctl start {job}`."),
        ),
        subject=command.name,
    )
