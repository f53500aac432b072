"""Running commands inside a machine that has booted."""

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


def inside(
    leader: int, argv: Sequence[str], *, user: str | None = None, cwd: Path | str | None = None
) -> tuple[str, ...]:
    """The argv, to be run here, that runs `argv` in the machine whose init is the process `leader`.

    It runs in init's own control group, so that the machine's systemd finds it where it may be.
    """
    wanted = tuple(argv)
    if cwd is not None:
        wanted = ("env", f"--chdir={cwd}", *wanted)
    if user is not None:
        wanted = ("runuser", "-u", user, "--", *wanted)
    return cgroups.launch_in(cgroups.of_process(leader), ("nsenter", f"--target={leader}", *NAMESPACES, "--", *wanted))


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
    """Runs a command inside to its end. Its environment is the one of every command, and `env`: nothing of ours."""
    wrapped = inside(leader, argv, user=user, cwd=cwd)
    return commands.run(wrapped, input=input, env=env, on_line=on_line, timeout=timeout)


def start(
    leader: int, argv: Sequence[str], *, env: Mapping[str, str] | None = None, on_line: OnLine | None = None
) -> Process:
    """Starts a command inside and follows its lines."""
    return commands.start(inside(leader, argv), env=env, on_line=on_line)


def shell(leader: int, argv: Sequence[str] = ("bash", "--login")) -> int:
    """Gives this terminal to a shell inside, until it ends."""
    terminal = os.environ.get("TERM", "linux")
    known = [f"{name}={value}" for name, value in commands.base_environment().items()]
    # script(1) makes a terminal of the machine's own: without, a shell in there has no job control.
    recorded = ("script", "--quiet", "--return", "--command", shlex.join(argv), "/dev/null")
    wanted = ("env", "-i", *known, f"TERM={terminal}", *recorded)
    return commands.interactive(inside(leader, wanted))
