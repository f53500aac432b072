"""Run the further services of a site with its files: all old, or all new."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.changes.base import ApplyContext, ChangeFailed
from piwizard.system import commands, systemd
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.plural import count_of

MAX_SHOWN_LINES = 20


@dataclass(frozen=True)
class Companions:
    """Services that stop before the files are activated, and start after that.

    `retired` services belong to the files from before: they stop, and start again only if these files return. `jobs`
    are services that timers start. `key` is the answer that names the services; it is part of the error if one does
    not stay up.
    """

    services: tuple[str, ...]
    jobs: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    key: str = ""
    hint: str = ""

    def running(self, work: ApplyContext) -> tuple[str, ...]:
        """Return those that run, or wait for their next restart."""
        states = {name: work.machine.unit(name) for name in (*self.services, *self.retired)}
        return tuple(name for name, state in states.items() if state.exists and (state.running or state.failing))

    def stop(self, work: ApplyContext) -> None:
        """Stop all of them that run."""
        if found := self.running(work):
            work.command(("systemctl", "stop", *found))

    def start(self, work: ApplyContext) -> None:
        """Start the services.

        Raise ChangeFailed with the last line of one that does not stay up.
        """
        for name in (*self.services, *self.jobs):
            before = {"existed": work.machine.unit(name).exists, "enabled": False, "running": False, "masked": False}
            work.remember("unit", name, before)
        if not self.services:
            return
        work.command(("systemctl", "reset-failed", *self.services), allow=range(256))
        work.command(("systemctl", "start", *self.services))
        for name in self.services:
            if problem := find_problem(name):
                work.command(last_lines(name), allow=range(256))
                raise self._failure(name, problem)

    def restart(self, names: Sequence[str], work: ApplyContext) -> None:
        """Start those again that ran with the files from before, which are back."""
        states = {name: work.machine.unit(name) for name in names}
        if found := [name for name, state in states.items() if state.exists and not state.running]:
            work.command(("systemctl", "start", *found), allow=range(256))

    def _failure(self, name: str, problem: str) -> ChangeFailed:
        said = read_last_line(name)
        sentence = f"{name} does not stay up: {problem}.{f' Its last line: {said}' if said else ''}"
        return ChangeFailed(f"{self.key}: {sentence}" if self.key else sentence, key=self.key or None, hint=self.hint)


NO_COMPANIONS = Companions(())


def find_problem(name: str) -> str:
    """Return why a service that was started does not run; "" if it does.

    Waits until it is stable.
    """
    restarts = systemd.find_crash_loop(name)
    if restarts:
        return f"systemd restarted it {count_of(restarts, 'time')}"
    return describe_stop(systemd.read_states([name])[name])


def describe_stop(state: systemd.UnitState) -> str:
    """Return why a service does not run, as a person reads it; "" if it runs."""
    if state.failing:
        return "it failed and waits for its next restart"
    if state.failed:
        return "it failed, and systemd no longer restarts it"
    return "" if state.running else "it ended, although a process must keep running"


def last_lines(name: str, most: int = MAX_SHOWN_LINES) -> tuple[str, ...]:
    """Return the command that prints the last lines of a service itself."""
    options = ("--no-pager", "--boot", "--output=cat", f"--lines={most}")
    return ("journalctl", *options, f"_SYSTEMD_UNIT={name}")


def read_last_line(name: str) -> str:
    """Return the last line that a service has written; "" if there is none."""
    shown = commands.run(last_lines(name), timeout=20).output
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    return lines[-1][:500] if lines and not lines[-1].startswith("-- ") else ""
