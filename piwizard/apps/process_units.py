"""Render the systemd units of an app's further processes and scheduled commands."""

from __future__ import annotations

from collections.abc import Iterable

from piwizard.apps.app_processes import AppProcess, ScheduledCommand, runnable
from piwizard.apps.app_units import AppUnit, service_values
from piwizard.templates.render import render


def service_name(site: str, name: str) -> str:
    """Return the name of the unit that runs a process or a scheduled command."""
    return f"{site}-{name}.service"


def timer_name(site: str, name: str) -> str:
    """Return the name of the timer of a scheduled command."""
    return f"{site}-{name}.timer"


def further_services(
    site: str, processes: Iterable[AppProcess], scheduled: Iterable[ScheduledCommand]
) -> tuple[str, ...]:
    """Return the services of a site besides its web server's."""
    names = [*(one.name for one in processes), *(one.name for one in scheduled)]
    return tuple(service_name(site, name) for name in names)


def render_process(unit: AppUnit, process: AppProcess | ScheduledCommand) -> str:
    """Return the text of SITE-NAME.service: the app's sandbox, another command."""
    argv, variables = runnable(process.argv, unit.entry)
    return render(
        "systemd/process.service.j2",
        name=process.name,
        argv=argv,
        variables=variables,
        scheduled=isinstance(process, ScheduledCommand),
        **service_values(unit),
    )


def render_timer(site: str, command: ScheduledCommand) -> str:
    """Return the text of SITE-NAME.timer.

    PiwizardError for a time that systemd does not accept.
    """
    return render("systemd/scheduled.timer.j2", name=command.name, site=site, calendar=command.calendar)
