"""Control groups: each machine boots in one of its own, and what is in a group can be found again.

Where systemd is PID 1 of this machine it owns the tree, and a machine gets a delegated scope from it. Where not,
the groups are plain folders below our own, in the unified tree and in systemd's old one: a machine wants both.
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
    """Whether systemd is PID 1 of this machine."""
    return Path("/run/systemd/system").is_dir()


def trees() -> dict[str, Path]:
    """The mounted hierarchies that a machine needs, by their name in /proc/PID/cgroup."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found.setdefault("", Path(target))
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            found.setdefault("name=systemd", Path(target))
    return found


def of_process(pid: int | str) -> list[Path]:
    """The folders of a process's groups in those hierarchies."""
    mounted = trees()
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, name, path = line.split(":", 2)
        if name in mounted:
            found.append(mounted[name] / path.lstrip("/"))
    return found


def launch_in(groups: Sequence[Path], argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that joins existing groups and then runs `argv`."""
    return (sys.executable, "-I", "-S", CGROUP_EXEC, *map(str, groups), "--", *argv)


def launch_in_new(name: str, argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs `argv` in a new group of that name, made here or by systemd when it starts."""
    if has_systemd():
        scope = ("--scope", "--quiet", "--collect", f"--unit={name}", "--property=Delegate=yes")
        return ("systemd-run", *scope, "--", *argv)
    made = [group / name for group in of_process("self")]
    for group in made:
        group.mkdir(exist_ok=True)
    return launch_in(made, argv)


def remove(pattern: str) -> None:
    """Kills whatever is left in the groups whose names match, and removes them. No `pattern` may match others'."""
    if has_systemd():
        listed = commands.run(("systemctl", "list-units", "--all", "--plain", "--no-legend", f"{pattern}.scope"))
        for line in listed.output.splitlines():
            # systemd takes the group of a scope away when nothing is left in it.
            commands.run(("systemctl", "kill", "--signal=KILL", line.split()[0]))
        return
    for group in [found for parent in of_process("self") if parent.is_dir() for found in parent.glob(pattern)]:
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
