"""Give each container its own control group, so that its processes can be found.

If systemd is PID 1 of this machine, it owns the tree and delegates a scope to the container. Otherwise the groups are
folders below the current one, both in the unified hierarchy and in systemd's old one: a container needs both.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from piwizard.system import commands

CGROUP_EXEC = str(Path(__file__).with_name("cgroup_exec.py"))


def has_systemd() -> bool:
    """Return whether systemd is PID 1 of this machine."""
    return Path("/run/systemd/system").is_dir()


def mounted_hierarchies() -> dict[str, Path]:
    """Return the mounted hierarchies that a container needs.

    The keys are their names in /proc/PID/cgroup.
    """
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found.setdefault("", Path(target))
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            found.setdefault("name=systemd", Path(target))
    return found


def process_groups(pid: int | str) -> list[Path]:
    """Return the folders of a process's groups in those hierarchies."""
    mounted = mounted_hierarchies()
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, name, path = line.split(":", 2)
        if name in mounted:
            found.append(mounted[name] / path.lstrip("/"))
    return found


def launch_in(groups: Sequence[Path], argv: Sequence[str]) -> tuple[str, ...]:
    """Return the argv that joins existing groups and then runs `argv`."""
    return (sys.executable, "-I", "-S", CGROUP_EXEC, *map(str, groups), "--", *argv)


def launch_in_new(name: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the argv that runs `argv` in a new group of that name.

    The group is created here, or by systemd when the command starts.
    """
    if has_systemd():
        scope = ("--scope", "--quiet", "--collect", f"--unit={name}", "--property=Delegate=yes")
        return ("systemd-run", *scope, "--", *argv)
    made = [group / name for group in process_groups("self")]
    for group in made:
        group.mkdir(exist_ok=True)
    return launch_in(made, argv)


def remove_groups(pattern: str) -> None:
    """Kill all processes in the groups whose names match, and remove the groups."""
    if has_systemd():
        listed = commands.run(("systemctl", "list-units", "--all", "--plain", "--no-legend", f"{pattern}.scope"))
        for line in listed.output.splitlines():
            # systemd removes the group of a scope when it is empty.
            commands.run(("systemctl", "kill", "--signal=KILL", line.split()[0]))
        return
    for group in [found for parent in process_groups("self") if parent.is_dir() for found in parent.glob(pattern)]:
        _empty(group)
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(folder)


def _empty(group: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        left = [int(pid) for procs in group.rglob("cgroup.procs") for pid in _read(procs).split()]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
