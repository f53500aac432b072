"""A command of a stranger's in a transient systemd unit of its own, which is proven to be empty afterwards.

A process that a command leaves behind could alter files while root works with them. So each such command has a
control group of its own, which no process can leave; systemd ends all that is in it with the command, and nothing goes
on before that is so.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands, files, paths
from piwizard.system.commands import Result
from piwizard.system.pipes import OnLine
from piwizard.templates.quoting import environment_value

PREFIX = "piwizard-job-"
EMPTY_WITHIN = 20.0
"""Seconds in which the processes of a unit that has ended must be gone."""
EXITED, KILLED, DUMPED = "1", "2", "3"
"""ExecMainCode: CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitpid(2)."""
NUMBERS = itertools.count(1)


def run(
    argv: Sequence[str],
    properties: Iterable[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: OnLine | None = None,
) -> Result:
    """Run a command to its end in a unit with these properties ("User=blog"), and end all that it left running.

    `argv[0]` is looked up on the PATH of `env`, inside of the unit. `env` may hold secrets: it is handed over in a file
    that root alone can read. The exit code is the command's own, negative for the signal that killed it. PiwizardError
    where a process of it cannot be ended.
    """
    unit = f"{PREFIX}{os.getpid()}-{next(NUMBERS)}.service"
    with _environment_file(unit, env) as file:
        settings = (*properties, f"EnvironmentFile={file}")
        wrapped = (
            *("systemd-run", "--quiet", "--pipe", "--wait", f"--unit={unit}", "--description=A command of an app"),
            *(f"--property={setting}" for setting in settings),
            f"--working-directory={cwd}",
            # env looks for the program inside of the unit, where its folders are; systemd would expand "$".
            *("--", "/usr/bin/env", "--", *(word.replace("$", "$$") for word in argv)),
        )
        try:
            result = commands.run(wrapped, on_line=on_line)
        except BaseException:
            stop(unit)
            raise
        finally:
            code = _exit_code(unit)
            _require_empty(unit)
    code = result.exit if code is None else code
    return Result(tuple(argv), code, result.output, result.errors, result.tail, result.seconds)


def stop(pattern: str = f"{PREFIX}*.service") -> None:
    """End units of such commands: all of them, where none is named. For what a killed run has left."""
    commands.run(("systemctl", "stop", pattern))
    commands.run(("systemctl", "reset-failed", pattern))


@cache
def systemd_version() -> int:
    """Return the version of systemd, such as 257."""
    found = re.match(r"systemd (\d+)", commands.run(("systemctl", "--version")).output)
    return int(found[1]) if found else 0


@contextmanager
def _environment_file(unit: str, env: Mapping[str, str]) -> Iterator[Path]:
    folder = paths.lock_file().parent / "jobs"
    files.own_folder(folder, 0o700, (0, 0))
    file = folder / f"{unit}.env"
    content = "".join(f"{name}={environment_value(value)}\n" for name, value in env.items())
    files.replace(file, content.encode(), mode=0o600)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _exit_code(unit: str) -> int | None:
    """What became of the command itself; None where all went well or systemd did not come to start it.

    systemd-run has no way to tell a signal, nor an end that is well but for what it left running.
    """
    names = ("LoadState", "ExecMainCode", "ExecMainStatus", "Result")
    said = commands.run(("systemctl", "show", unit, *(f"--property={name}" for name in names))).output
    found = dict(line.partition("=")[::2] for line in said.splitlines())
    commands.run(("systemctl", "reset-failed", unit))
    status = int(found.get("ExecMainStatus") or 0)
    if found.get("Result") == "oom-kill":
        return -9
    if found.get("ExecMainCode") in (KILLED, DUMPED):
        return -status
    return status if found.get("ExecMainCode") == EXITED and found.get("LoadState") == "loaded" else None


def _require_empty(unit: str) -> None:
    until = time.monotonic() + EMPTY_WITHIN
    while left := _processes(unit):
        if time.monotonic() > until:
            raise PiwizardError(
                f"Processes of the app could not be ended: {', '.join(map(str, left))}.",
                hint="Restart the machine, then apply again.",
            )
        stop(unit)
        time.sleep(0.05)


def _processes(unit: str) -> list[int]:
    """The processes in the control group of a unit, wherever the kernel has mounted the groups."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            groups = (folder / "cgroup").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if unit in groups:
            found.append(int(folder.name))
    return found
