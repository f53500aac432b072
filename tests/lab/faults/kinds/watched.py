"""Disconnect the viewer of a run, which must not affect the run."""

from __future__ import annotations

from collections.abc import Sequence

from piwizard.system import commands
from piwizard.system.commands import Process
from tests.lab.faults.kinds.fault import Fault
from tests.lab.faults.run import Run
from tests.lab.pi import Pi


class Viewer(Fault):
    """kill -9 of the command that started the run and shows it.

    At every second point it is `piwizard logs -f`.
    """

    harmless = True
    _watching: Process

    def begin(self, pi: Pi, argv: Sequence[str]) -> None:
        if self.point % 2:
            self._watching = pi.start(argv)
        else:
            super().begin(pi, argv)
            self._watching = pi.start(("piwizard", "logs", "-f"))

    def trigger(self, pi: Pi, run: Run) -> None:
        self._watching.end(grace=0)


class Ssh(Fault):
    """A disconnected SSH login that started the run: its terminal is gone."""

    harmless = True
    _login: Process

    def begin(self, pi: Pi, argv: Sequence[str]) -> None:
        login = pi.ssh_argv(("sudo", "-S", *argv, "--yes"), tty=True)
        self._login = commands.start(login, input=f"{pi.password}\n")

    def trigger(self, pi: Pi, run: Run) -> None:
        self._login.end(grace=0)
