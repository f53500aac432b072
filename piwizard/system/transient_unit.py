"""Run a command of an app in a transient systemd unit that is empty afterwards.

A process that a command leaves behind could change files while root works on them. So each such command has a control
group of its own, which no process can leave. systemd stops everything in it with the command, and piwizard continues
only after that.
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
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.pipes import OnLine
from piwizard.templates.quoting import environment_value

PREFIX = "piwizard-job-"
EMPTY_TIMEOUT_SECONDS = 20.0
"""How long the processes of a finished unit may take to exit."""
EXITED, KILLED, DUMPED = "1", "2", "3"
"""Values of ExecMainCode: CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitpid(2)."""
NUMBERS = itertools.count(1)
_run: str | None = None


def name_after(run: str) -> None:
    """Name the units of this process after a run: its end stops them.

    It stops no others, such as a command that a person runs in an app, or a backup.
    """
    global _run  # noqa: PLW0603 — a process carries out one run
    _run = run


def units_of(run: str) -> str:
    """Return the pattern of the units of a run."""
    return f"{PREFIX}{run}-*.service"


def run(
    argv: Sequence[str],
    properties: Iterable[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: OnLine | None = None,
    stdin: int | None = None,
    stdout: int | None = None,
) -> Result:
    """Run a command in a unit with these properties ("User=blog").

    Stop everything that it left running.

    `argv[0]` is looked up on the PATH of `env`, inside the unit. `env` may contain secrets: it is passed in a file that
    only root can read. `stdin` and `stdout` are open pipes for data of any size. The exit code is the command's own,
    negative for the signal that killed it. Raise PiwizardError if one of its processes cannot be stopped.
    """
    with _started(argv, properties, "--pipe", env, cwd) as (unit, wrapped):
        result = commands.run(wrapped, on_line=on_line, stdin=stdin, stdout=stdout)
    code = result.exit if unit.code is None else unit.code
    return Result(tuple(argv), code, result.output, result.errors, result.tail, result.seconds)


def attach(argv: Sequence[str], properties: Iterable[str], *, env: Mapping[str, str], cwd: Path, terminal: bool) -> int:
    """Run a command as `run` does, with this process's input and output.

    With `terminal`, it gets a terminal of its own, connected to this one. Return its exit code.
    """
    with _started(argv, properties, "--pty" if terminal else "--pipe", env, cwd) as (unit, wrapped):
        code = commands.run_interactive(wrapped)
    return code if unit.code is None else unit.code


@dataclass
class _Unit:
    """The unit of one command; `code` is its exit code afterwards, if systemd-run cannot know it."""

    name: str
    code: int | None = None


@contextmanager
def _started(
    argv: Sequence[str], properties: Iterable[str], streams: str, env: Mapping[str, str], cwd: Path
) -> Iterator[tuple[_Unit, tuple[str, ...]]]:
    """Yield the unit and the argv that runs a command in it; afterwards, nothing of it is left running."""
    unit = _Unit(f"{PREFIX}{_run or os.getpid()}-{next(NUMBERS)}.service")
    with _environment_file(unit.name, env) as file:
        settings = (*properties, f"EnvironmentFile={file}")
        wrapped = (
            *("systemd-run", "--quiet", streams, "--wait", f"--unit={unit.name}", "--description=A command of an app"),
            *(f"--property={setting}" for setting in settings),
            f"--working-directory={cwd}",
            # env looks up the program inside the unit, where its folders are; systemd would expand "$".
            *("--", "/usr/bin/env", "--", *(word.replace("$", "$$") for word in argv)),
        )
        try:
            yield unit, wrapped
        except BaseException:
            stop(unit.name)
            raise
        finally:
            unit.code = _exit_code(unit.name)
            _require_empty(unit.name)


def stop(unit: str) -> None:
    """Stop the unit of such a command."""
    commands.run(("systemctl", "stop", unit))
    commands.run(("systemctl", "reset-failed", unit))


@cache
def systemd_version() -> int:
    """Return the version of systemd, such as 257."""
    found = re.match(r"systemd (\d+)", commands.run(("systemctl", "--version")).output)
    return int(found[1]) if found else 0


@contextmanager
def _environment_file(unit: str, env: Mapping[str, str]) -> Iterator[Path]:
    folder = paths.lock_file().parent / "jobs"
    files.make_owned_folder(folder, 0o700, (0, 0))
    file = folder / f"{unit}.env"
    content = "".join(f"{name}={environment_value(value)}\n" for name, value in env.items())
    files.replace(file, content.encode(), mode=0o600)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _exit_code(unit: str) -> int | None:
    """Return the exit code of the command itself; None if all went well or systemd could not start it.

    systemd-run cannot report a signal, or a success that left processes running.
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
    until = time.monotonic() + EMPTY_TIMEOUT_SECONDS
    while left := _processes(unit):
        if time.monotonic() > until:
            raise PiwizardError(
                f"Processes of the app could not be stopped: {', '.join(map(str, left))}.",
                hint="Restart the machine, then apply again.",
            )
        stop(unit)
        time.sleep(0.05)


def _processes(unit: str) -> list[int]:
    """Return the processes in the control group of a unit, wherever the kernel has mounted the groups."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            groups = (folder / "cgroup").read_text()
        except OSError:  # it has exited in the meantime
            continue
        if unit in groups:
            found.append(int(folder.name))
    return found
