"""Choose an app's further processes and its scheduled commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from piwizard.apps.processes import FoundProcess, command_title, unused_name
from piwizard.errors import PiwizardError
from piwizard.system.calendar_times import is_calendar, to_calendar
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class AppProcess:
    """A program that runs beside the web server, as a unit of its own.

    `place` is where it was found; "" if the answers name it.
    """

    name: str
    argv: tuple[str, ...]
    place: str = ""

    @property
    def text(self) -> str:
        """Return the command as one line."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class ScheduledCommand:
    """A command that systemd starts at the `times` of the answers."""

    name: str
    argv: tuple[str, ...]
    times: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the command as one line."""
        return shlex.join(self.argv)

    @property
    def calendar(self) -> tuple[str, ...]:
        """Return the times in systemd's form.

        PiwizardError names the first one that systemd does not accept.
        """
        return tuple(_checked_calendar(time) for time in self.times)


def named_processes(wanted: Mapping[str, str] | None, found: Iterable[FoundProcess]) -> tuple[AppProcess, ...]:
    """Return the processes of the answers; without an answer, those that were found."""
    if wanted is None:
        return tuple(AppProcess(one.name, tuple(shlex.split(one.command)), one.place) for one in found)
    return tuple(AppProcess(name, tuple(shlex.split(line))) for name, line in wanted.items())


def scheduled_commands(wanted: Mapping[str, str], taken: Iterable[str]) -> tuple[ScheduledCommand, ...]:
    """Return the commands of app.schedule, each with all its times.

    `taken` are the names of the processes.
    """
    times: dict[tuple[str, ...], list[str]] = {}
    for time, line in wanted.items():
        times.setdefault(tuple(shlex.split(line)), []).append(time)
    names = list(taken)
    found = []
    for argv, own in times.items():
        names.append(unused_name(command_title(argv), names))
        found.append(ScheduledCommand(names[-1], argv, tuple(own)))
    return tuple(found)


def runnable(argv: tuple[str, ...], entry: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return a command as it is started, and the variables that it needs.

    Flask before 2.2 has no `--app`, only FLASK_APP. A variable of app.env with the same name comes first.
    """
    if argv[:1] != ("flask",):
        return argv, {}
    if argv[1:2] in (("--app",), ("-A",)) and len(argv) > 3:
        return ("flask", *argv[3:]), {"FLASK_APP": argv[2]}
    return argv, {"FLASK_APP": entry}


def _checked_calendar(time: str) -> str:
    calendar = to_calendar(time)
    if not is_calendar(calendar):
        raise PiwizardError(
            f"app.schedule: systemd does not accept the time {time!r}.",
            key=f"app.schedule.{time}",
            hint='Use a time such as "daily 03:00", "monday 08:00", "hourly" or "every 10 minutes", or see '
            "`man systemd.time`.",
        )
    return calendar
