"""The sandbox of an app's service, for a command of the app that is run in a unit of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from piwizard.machine import places, transient_unit
from piwizard.templating import render

GENTLE = ("CPUWeight=20", "IOWeight=20", "Nice=10", "IOSchedulingClass=best-effort", "IOSchedulingPriority=7")
"""A build takes what the running sites and SSH leave. The weights do that between services, where a nice value counts
for nothing; nice and the priority do where the kernel lacks those controllers."""
OOM_SCORE = 900
"""Where memory ends, the kernel kills what is built or tried first, then a site, and sshd last."""
PRIVATE_PIDS_SINCE = 257
"""The first version of systemd that has PrivatePIDs=."""


@dataclass(frozen=True)
class Sandbox:
    """What a command of an app's may touch, while it is run in a unit of its own.

    `user` is who it runs as, `writable` what it may write, `binds` pairs of a folder and the path that it has for the
    command. It is ended after `seconds`.
    """

    user: str
    writable: tuple[Path, ...] = ()
    binds: tuple[tuple[Path, Path], ...] = ()
    seconds: int = 3600

    def properties(self) -> list[str]:
        """Return the settings of its unit, such as "ProtectSystem=strict"."""
        text = render(
            "systemd/job.j2",
            user=self.user,
            seconds=self.seconds,
            writable=self.writable,
            oom_score=OOM_SCORE,
            hidden=places.cache_dir(),
            binds=self.binds,
            own_processes=transient_unit.systemd_version() >= PRIVATE_PIDS_SINCE,
            weights=GENTLE,
        )
        return [line for line in text.splitlines() if line and not line.startswith("#")]
