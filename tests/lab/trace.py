"""Compare a machine before and after a rehearsal, as seen from outside."""

from __future__ import annotations

import fcntl
from pathlib import Path

from piwizard.rehearsal.clone import SCRATCH_DIRS
from piwizard.sandbox import cgroups
from piwizard.sandbox.sandbox_init import SandboxInit

COMMANDS = {
    "packages": ("dpkg", "-l"),
    "/etc": ("find", "/etc", "-printf", "%p %y %m %U:%G %s %T@ %l\n"),
    "/run": ("find", "/run", "-printf", "%p %y\n"),
    "/var/cache": ("find", "/var/cache", "-maxdepth", "1", "-not", "-path", str(SCRATCH_DIRS)),
    "/srv and /opt": ("find", "/srv", "/opt", "-maxdepth", "1"),
    "mounts": ("cat", "/proc/self/mounts"),
    "devices": ("ip", "-o", "link", "show"),
    "routes": ("ip", "route", "show", "table", "all"),
    "rules": ("nft", "list", "ruleset"),
}


class Host(SandboxInit):
    """This machine, which recognises the processes that it started."""

    def traces(self) -> dict[str, list[str]]:
        """Return everything that a rehearsal might leave behind or change."""
        seen = {name: sorted(self.run(argv).output.splitlines()) for name, argv in COMMANDS.items()}
        return seen | {"processes": self.processes(), "ownerless": ownerless()}

    def processes(self) -> list[str]:
        """Return its processes, except the one that keeps it and the one that asks."""
        listed = self.run(("ps", "-e", "-o", "args=")).output.splitlines()
        return sorted(line for line in listed if line not in ("sleep infinity", "ps -e -o args="))


def ownerless() -> list[str]:
    """Return folders and control groups of finished rehearsals.

    Others may be in progress.
    """
    folders = [path for path in SCRATCH_DIRS.glob("*") if path.is_dir()]
    dead = [str(folder) for folder in folders if not _locked(folder / "lock")]
    tree = [group for parent in cgroups.process_groups("self") for group in parent.glob("piwizard-rehearsal-*")]
    return dead + [str(group) for group in tree if group.name.rpartition("-")[0] not in {each.name for each in folders}]


def _locked(file: Path) -> bool:
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return True
    return False
