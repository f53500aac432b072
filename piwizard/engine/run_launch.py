"""Start, find and stop runs, whose processes no terminal owns."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from piwizard.engine import run_lock
from piwizard.errors import PiwizardError
from piwizard.system import commands, file_lock, files, paths, systemd, transient_unit
from piwizard.system.app_sandbox import LOW_PRIORITY
from piwizard.system.lasting_disk import require_lasting_disk
from piwizard.system.lazy_dataclass import dataclass

BOUNDED = ("MemoryMax=75%", "TasksMax=2048")
"""Limits of a run, so that the sites and SSH keep a quarter of the memory whatever goes wrong. The memory limit needs
the memory controller of the kernel; `piwizard doctor` checks it."""
Steps = tuple[tuple[str, str | None], ...]
"""Pairs of step and site."""
PAIRS = ("steps", "pins", "rollbacks")
FORMER = ("lane", "background")
"""Fields of requests that earlier versions wrote."""
UNIT_PREFIX = "piwizard-run-"
SECONDS_BETWEEN_CHECKS = 2.0
NAME = re.compile(r"(\d{8}T\d{6})-([0-9a-f]+)")
SECOND = "%Y%m%dT%H%M%S"


class RunUnderWay(PiwizardError):
    """Another run is in progress, and only one is allowed at a time."""


@dataclass(frozen=True)
class RunRequest:
    """The work of a run.

    That is the `action` (apply or undo) for these pairs of step and site, in this order.
    """

    action: str
    steps: Steps
    overwrite: bool = False
    pins: tuple[tuple[str, str], ...] = ()
    """Pairs of site and commit: the code that the plan was made from."""
    wipe: tuple[str, ...] = ()
    """The sites whose data undo deletes. The user agreed to each of them; no other data is deleted."""
    packages: bool = False
    """Undo also removes the packages that piwizard installed, after the last step."""
    removed: tuple[str, ...] = ()
    """The sites whose answers, secrets and caches are deleted once their steps are undone."""
    uncached: tuple[str, ...] = ()
    """The sites whose caches are deleted once their steps are undone, while their answers stay."""
    keep_secrets: bool = False
    """Whether the secrets of removed sites stay."""
    rollbacks: tuple[tuple[str, str], ...] = ()
    """Pairs of site and release: sites that go back to an earlier release."""
    by: str = ""
    """Who or what started the run: an account, or for example "poll"."""


def unit(run: str) -> str:
    """Return the name of a run's transient systemd unit."""
    return f"{UNIT_PREFIX}{run}.service"


def folder(run: str) -> Path:
    """Return the folder with the log of a run."""
    return paths.logs_dir() / run


def request(run: str) -> RunRequest:
    """Read the request of a run."""
    written: dict[str, Any] = json.loads((folder(run) / "request.json").read_bytes())
    raw = {key: value for key, value in written.items() if key not in FORMER}
    pairs = {key: tuple((first, second) for first, second in raw.get(key, ())) for key in PAIRS}
    sites = raw.get("wipe") or ()  # a truth value in the requests of earlier versions
    wipe = tuple({site for _, site in pairs["steps"] if site}) if sites is True else tuple(sites)
    listed = {key: tuple(raw.get(key, ())) for key in ("removed", "uncached")}
    try:
        return RunRequest(**(raw | pairs | {"wipe": wipe, **listed}))
    except TypeError as error:
        raise PiwizardError(
            f"The run {run} was started by another version of piwizard.", hint="`piwizard apply` starts a new one."
        ) from error


def under_way() -> str | None:
    """Return the run that is in progress; None if there is none."""
    # An earlier version had a second lock; a run that it began may hold it until the next reboot.
    return run_lock.holder(paths.lock_file()) or run_lock.holder(paths.lock_file().with_name("background.lock"))


def starting() -> str | None:
    """Return a run that was started and is not under way yet.

    That takes many seconds on a small board.
    """
    name = next(iter(systemd.list_active(unit("*"))), None)
    return name.removeprefix(UNIT_PREFIX).removesuffix(".service") if name else None


def at_work(step: str, site: str | None) -> str | None:
    """Return the run in progress if it includes this step of a site; otherwise None."""
    run = under_way()
    return run if run and (step, site) in _steps(run) else None


def _steps(run: str) -> Steps:
    try:
        return request(run).steps
    except (OSError, ValueError, PiwizardError):  # the run itself reports it
        return ()


def alive(run: str) -> bool:
    """Check whether a run is in progress or about to start.

    Its start takes many seconds on a small board.
    """
    return run == under_way() or systemd.read_states([unit(run)])[unit(run)].active not in ("inactive", "failed")


def require_free() -> None:
    """Raise RunUnderWay if a run is in progress."""
    if other := under_way() or starting():
        raise RunUnderWay(
            f"A run is already in progress ({other}).", hint="`piwizard logs -f` shows it, `piwizard stop` stops it."
        )


def wait_until_free() -> None:
    """Wait until no run is in progress."""
    while under_way() or systemd.list_active(unit("*")):
        time.sleep(SECONDS_BETWEEN_CHECKS)


@contextmanager
def nothing_else_starts() -> Iterator[None]:
    """Keep other processes from starting a run meanwhile.

    Raise RunUnderWay if one is in progress. Otherwise, of two that start at the same moment, one would fail as if
    something was wrong with its work.
    """
    with file_lock.exclusive(paths.logs_dir()):
        require_free()
        yield


def start(wanted: RunRequest, validate: Callable[[], None] = lambda: None) -> str:
    """Start a run and return its name.

    Raise PiwizardError if one is in progress, or systemd does not run. `validate` raises it if the request is outdated:
    no run changes anything from then on.
    """
    require_systemd()
    require_lasting_disk()
    with nothing_else_starts():
        validate()
        return _start(wanted)


def _start(wanted: RunRequest) -> str:
    run = next_run_id(max((path.name for path in paths.logs_dir().glob("*T*-*")), default=None))
    files.make_folders(folder(run), 0o700)
    files.replace(folder(run) / "request.json", json.dumps(asdict(wanted)).encode(), mode=0o600)
    what = ", ".join(dict.fromkeys(step for step, _ in wanted.steps))
    # mixed: a stop signals the run itself first, which ends its commands in order and logs that.
    # continue: if pip runs out of memory, the run explains it and does not end with it.
    # ExecStopPost: no command that the run has started in an app outlives it, however its process ends.
    after = f"ExecStopPost=-/usr/bin/systemctl stop {transient_unit.units_of(run)}"
    settings = (
        "KillMode=mixed",
        "TimeoutStopSec=60",
        "Type=exec",
        "OOMPolicy=continue",
        *LOW_PRIORITY,
        *BOUNDED,
        after,
    )
    properties = tuple(f"--property={setting}" for setting in settings)
    describe = f"--description=piwizard {wanted.action} {what}"
    program = (sys.executable, "-I", "-m", "piwizard", "work", run)
    result = commands.run(
        ("systemd-run", "--quiet", "--collect", f"--unit={unit(run)}", describe, *properties, *program)
    )
    if not result.ok:
        raise PiwizardError(f"The run could not be started: {result.last_lines}")
    return run


def stop(run: str) -> None:
    """Stop a run and wait for its end."""
    result = commands.run(("systemctl", "stop", unit(run)))
    if not result.ok and alive(run):  # otherwise it ended by itself meanwhile
        raise PiwizardError(f"The run could not be stopped: {result.last_lines}")


def require_systemd() -> None:
    """Raise PiwizardError if systemd is not the first process: runs need it."""
    if not Path("/run/systemd/system").is_dir():
        raise PiwizardError(
            "systemd does not run on this machine, and piwizard sets up systemd services.",
            hint="`piwizard rehearse` sets everything up in a copy of this machine, in which systemd runs.",
        )


def next_run_id(latest: str | None, now: datetime | None = None) -> str:
    """Return a name that sorts after the latest one, even if the clock went back.

    A Pi without power does not keep the time.
    """
    moment, before = now or datetime.now(UTC), _moment(latest or "")
    if before:
        moment = max(moment, before + timedelta(microseconds=1))
    return f"{moment:{SECOND}-%f}"


def _moment(name: str) -> datetime | None:
    """Return the last time that a name can stand for; None if it is no run's."""
    known = NAME.fullmatch(name)
    try:
        second = datetime.strptime(known[1], SECOND).replace(tzinfo=UTC) if known else None
    except ValueError:
        return None
    if known is None or second is None:
        return None
    # An earlier format had four digits in no order within their second.
    micros = int(known[2]) if re.fullmatch(r"\d{6}", known[2]) else 999_999
    return second + timedelta(microseconds=micros)
