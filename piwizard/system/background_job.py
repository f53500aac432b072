"""Continue the work of a step in a systemd unit after its run has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands, systemd
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class JobProgress:
    """The progress of a background job: a percentage and a sentence."""

    percent: int
    text: str


@dataclass(frozen=True)
class BackgroundJob:
    """Work that takes hours in a systemd unit.

    When it is done, it starts an ordinary run of its step, which uses the result.

    `what` names the work in a few words: "The generation of DH parameters". `marker` returns a file that exists from
    the start of the work to its end: a unit that is enabled at boot continues only if that file exists.
    """

    unit: str
    what: str
    progress: Callable[[], JobProgress]
    marker: Callable[[], Path]

    def running(self) -> bool:
        """Return whether the job is running, according to systemd."""
        return systemd.read_states([self.unit])[self.unit].running

    def stop(self) -> None:
        """Stop the job, and do not continue it at boot.

        Raise PiwizardError if systemd refuses.
        """
        result = commands.run(("systemctl", "stop", self.unit))
        if not result.ok:
            raise PiwizardError(
                f"{self.what} could not be stopped: {result.last_lines}",
                hint=f"`systemctl status {self.unit}` shows its state.",
            )
        self.marker().unlink(missing_ok=True)
