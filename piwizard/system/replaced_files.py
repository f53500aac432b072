"""Find services that still run with files of a package that was upgraded since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from piwizard.system import commands

OF_PACKAGES = ("/usr/lib/", "/usr/bin/", "/usr/sbin/", "/lib/", "/usr/local/lib/")
DELETED = " (deleted)"


def uses_replaced_files(maps: str) -> bool:
    """Return whether a process has mapped a program or library that was replaced.

    `maps` is the content of /proc/PID/maps.
    """
    for line in maps.splitlines():
        if line.endswith(DELETED):
            path = line[: -len(DELETED)].partition("/")
            if f"/{path[2]}".startswith(OF_PACKAGES):
                return True
    return False


def outdated_services(units: Iterable[str]) -> list[str]:
    """Return those of the running services whose main process uses replaced files."""
    return [unit for unit in units if (pid := _main_process(unit)) and uses_replaced_files(_maps(pid))]


def _main_process(unit: str) -> int:
    shown = commands.run(("systemctl", "show", "--property=MainPID", "--value", unit)).output.strip()
    return int(shown) if shown.isdigit() else 0


def _maps(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return ""
