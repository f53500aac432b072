"""What a machine looks like from outside a rehearsal: to be the same before and after."""

from __future__ import annotations

from piwizard.rehearsal import groups
from piwizard.rehearsal.lifeline import Lifeline

LOOKS = {
    "packages": ("dpkg", "-l"),
    "/etc": ("find", "/etc", "-printf", "%p %y %m %U:%G %s %T@ %l\n"),
    "/run": ("find", "/run", "-printf", "%p %y\n"),
    "/var/cache": ("find", "/var/cache", "-maxdepth", "1"),
    "/srv and /opt": ("find", "/srv", "/opt", "-maxdepth", "1"),
    "mounts": ("cat", "/proc/self/mounts"),
    "devices": ("ip", "-o", "link", "show"),
    "routes": ("ip", "route", "show", "table", "all"),
    "rules": ("nft", "list", "ruleset"),
}


class Host(Lifeline):
    """This machine, seen by processes that can be told from everybody else's: those that were started on it."""

    def traces(self) -> dict[str, list[str]]:
        """Everything that a rehearsal might leave behind or alter."""
        seen = {name: sorted(self.run(argv).output.splitlines()) for name, argv in LOOKS.items()}
        tree = [line for parent in groups.of_process("self") for line in map(str, parent.glob("piwizard-rehearsal-*"))]
        return seen | {"groups": sorted(tree), "processes": self.processes()}

    def processes(self) -> list[str]:
        """Its processes, but for the one that keeps it and the one that asks."""
        listed = self.run(("ps", "-e", "-o", "args=")).output.splitlines()
        return sorted(line for line in listed if line not in ("sleep infinity", "ps -e -o args="))
