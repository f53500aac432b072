"""Run a rehearsal beside the screens, and read its events."""

from __future__ import annotations

import signal
from collections import deque
from typing import TYPE_CHECKING

from piwizard.screens.piwizard_process import command_argv, decode_object

if TYPE_CHECKING:
    from piwizard.engine.events import Event
    from piwizard.system.commands import Process


class RehearsalProcess:
    """One `piwizard rehearse`.

    `stop` lets it remove the copy of this machine and end. `ok` is None until it has finished.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._process: Process | None = None
        self._stopped = False
        self.ok: bool | None = None
        self.failed_checks: list[str] = []
        self.passed = 0

    def run(self) -> None:
        """Run it, and wait for its end. Slow."""
        from piwizard.system import commands

        if not self._stopped:
            self._process = commands.start(command_argv(("rehearse",)), on_line=lambda _, line: self._take(line))
            if self._stopped:  # while it was starting
                self.stop()
            self._process.wait()

    def _take(self, line: str) -> None:
        self._lines.append(line)

    def stop(self) -> None:
        """Interrupt it as Ctrl-C does in a terminal."""
        self._stopped = True
        if self._process is not None and self._process.alive:
            self._process.signal(signal.SIGINT)

    def new_events(self) -> list[Event]:
        """Return the events since the last call. Quick."""
        from piwizard.rehearsal.rehearsal_report import decode_line

        found: list[Event] = []
        while self._lines:
            line = self._lines.popleft()
            whole = decode_object(line)
            if whole.get("event") == "rehearsal-finished":
                self.ok = bool(whole["ok"])
                self.passed = sum(check["ok"] for check in whole["checks"])
                self.failed_checks = [
                    f"{check['name']}: {check['detail']}" for check in whole["checks"] if not check["ok"]
                ]
            else:
                found.append(decode_line("stdout", line))
        return found
