"""Run commands inside a booted container."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from piwizard.sandbox import cgroups
from piwizard.system import commands
from piwizard.system.commands import Process, Result
from piwizard.system.pipes import OnLine

NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")


def enter_command(
    leader: int, argv: Sequence[str], *, user: str | None = None, cwd: Path | str | None = None
) -> tuple[str, ...]:
    """Return the argv that runs `argv` in a container.

    `leader` is the process ID of its init. The command runs in the control group of that init, where the container's
    systemd expects it.
    """
    wanted = tuple(argv)
    if cwd is not None:
        wanted = ("env", f"--chdir={cwd}", *wanted)
    if user is not None:
        wanted = ("runuser", "-u", user, "--", *wanted)
    return cgroups.launch_in(
        cgroups.process_groups(leader), ("nsenter", f"--target={leader}", *NAMESPACES, "--", *wanted)
    )


def run(
    leader: int,
    argv: Sequence[str],
    *,
    user: str | None = None,
    cwd: Path | str | None = None,
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    on_line: OnLine | None = None,
    timeout: float | None = None,
) -> Result:
    """Run a command inside.

    Its environment is that of every command plus `env`, and nothing else from the caller.
    """
    wrapped = enter_command(leader, argv, user=user, cwd=cwd)
    return commands.run(wrapped, input=input, env=env, on_line=on_line, timeout=timeout)


def start(
    leader: int, argv: Sequence[str], *, env: Mapping[str, str] | None = None, on_line: OnLine | None = None
) -> Process:
    """Start a command inside, with a callback for its lines."""
    return commands.start(enter_command(leader, argv), env=env, on_line=on_line)


def run_shell(leader: int, argv: Sequence[str] = ("bash", "--login")) -> int:
    """Give this terminal to a shell inside until it exits."""
    terminal = os.environ.get("TERM", "linux")
    known = [f"{name}={value}" for name, value in commands.base_environment().items()]
    # script(1) creates a terminal inside the container: without one, a shell has no job control.
    recorded = ("script", "--quiet", "--return", "--command", shlex.join(argv), "/dev/null")
    wanted = ("env", "-i", *known, f"TERM={terminal}", *recorded)
    return commands.run_interactive(enter_command(leader, wanted))
