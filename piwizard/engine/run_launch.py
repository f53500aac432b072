"""Start a run as a process that no terminal owns, find the one under way, and stop it."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from piwizard.engine import run_lock
from piwizard.errors import PiwizardError
from piwizard.system import commands, files, paths, systemd, transient_unit
from piwizard.system.app_sandbox import LOW_PRIORITY

BOUNDED = ("MemoryMax=75%", "TasksMax=2048")
"""What goes wrong in a run must not take the whole machine along: the sites and SSH keep a quarter of the memory. It
counts where the kernel has the memory controller (`piwizard doctor` says whether it does)."""
Steps = tuple[tuple[str, str | None], ...]
"""Pairs of step and site."""
PAIRS = ("steps", "pins")
FORMER = ("lane", "background")
"""Fields of requests that earlier versions wrote."""
SECONDS_BETWEEN_LOOKS = 2.0


class RunUnderWay(PiwizardError):
    """Another run is under way, and there is one at a time."""


@dataclass(frozen=True)
class RunRequest:
    """What a run shall do: `action` (apply or undo) with these pairs of step and site, in this order."""

    action: str
    steps: Steps
    overwrite: bool = False
    pins: tuple[tuple[str, str], ...] = ()
    """Pairs of site and commit: the code that was looked at when the person said yes."""
    wipe: tuple[str, ...] = ()
    """The sites whose data undo deletes: for each of them somebody has said yes. None goes otherwise."""
    packages: bool = False
    """The last of the steps undone takes the packages along that piwizard has brought."""


def unit(run: str) -> str:
    """The transient systemd unit of a run."""
    return f"piwizard-run-{run}.service"


def folder(run: str) -> Path:
    """Where the record of a run lies."""
    return paths.logs_dir() / run


def request(run: str) -> RunRequest:
    """What a run was asked to do."""
    written: dict[str, Any] = json.loads((folder(run) / "request.json").read_bytes())
    raw = {key: value for key, value in written.items() if key not in FORMER}
    pairs = {key: tuple((first, second) for first, second in raw.get(key, ())) for key in PAIRS}
    sites = raw.get("wipe") or ()  # a truth value in the requests of earlier versions
    wipe = tuple({site for _, site in pairs["steps"] if site}) if sites is True else tuple(sites)
    try:
        return RunRequest(**(raw | pairs | {"wipe": wipe}))
    except TypeError as error:
        raise PiwizardError(
            f"The run {run} was begun by another version of piwizard.", hint="`piwizard apply` begins a new one."
        ) from error


def under_way() -> str | None:
    """The run that is under way, None if there is none."""
    # An earlier version had a second lock; a run that it began may hold it until the next reboot.
    return run_lock.holder(paths.lock_file()) or run_lock.holder(paths.lock_file().with_name("background.lock"))


def at_work(step: str, site: str | None) -> str | None:
    """The run under way that a step of a site belongs to, None where it is not being worked on."""
    run = under_way()
    return run if run and (step, site) in _steps(run) else None


def _steps(run: str) -> Steps:
    try:
        return request(run).steps
    except (OSError, ValueError, PiwizardError):  # said by the run itself
        return ()


def alive(run: str) -> bool:
    """Whether a run is under way, or its process is about to begin: on a small board that takes many seconds."""
    return run == under_way() or systemd.read_states([unit(run)])[unit(run)].active not in ("inactive", "failed")


def require_free() -> None:
    """Raise RunUnderWay where a run is under way already."""
    # Until its process holds the lock, which takes many seconds on a small board, a run is known by its unit.
    if other := under_way() or next(iter(systemd.list_active(unit("*"))), None):
        raise RunUnderWay(
            f"A run is under way already ({other}).", hint="`piwizard logs -f` shows it, `piwizard stop` ends it."
        )


def wait_until_free() -> None:
    """Wait until no run is under way."""
    while under_way() or systemd.list_active(unit("*")):
        time.sleep(SECONDS_BETWEEN_LOOKS)


def start(wanted: RunRequest) -> str:
    """Starts the run and returns its name. PiwizardError where one is under way, or systemd does not run."""
    require_systemd()
    require_free()
    run = following(max((path.name for path in paths.logs_dir().glob("*T*-*")), default=None))
    files.make_folders(folder(run), 0o700)
    files.replace(folder(run) / "request.json", json.dumps(asdict(wanted)).encode(), mode=0o600)
    what = ", ".join(dict.fromkeys(step for step, _ in wanted.steps))
    # mixed: a stop asks the run itself first, which ends its commands in order and writes that down.
    # continue: a pip that ran out of memory is the run's to explain, not the end of it.
    # ExecStopPost: whatever becomes of the run's process, no command of an app outlives it.
    after = f"ExecStopPost=-/usr/bin/systemctl stop {transient_unit.PREFIX}*.service"
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
        raise PiwizardError(f"The run could not be started: {result.last_words}")
    return run


def stop(run: str) -> None:
    """Asks a run to end and waits until it has."""
    result = commands.run(("systemctl", "stop", unit(run)))
    if not result.ok and alive(run):  # else it came to its end by itself meanwhile
        raise PiwizardError(f"The run could not be stopped: {result.last_words}")


def require_systemd() -> None:
    """Runs need systemd as the first process."""
    if not Path("/run/systemd/system").is_dir():
        raise PiwizardError(
            "systemd does not run on this machine, and piwizard sets up services of systemd.",
            hint="`piwizard rehearse` shows everything on a copy of this machine, where systemd does run.",
        )


NAME = re.compile(r"(\d{8}T\d{6})-([0-9a-f]+)")
SECOND = "%Y%m%dT%H%M%S"


def following(latest: str | None, now: datetime | None = None) -> str:
    """A name that sorts after the latest one, also where the clock went back: a Pi without power has none."""
    moment, before = now or datetime.now(UTC), _moment(latest or "")
    if before:
        moment = max(moment, before + timedelta(microseconds=1))
    return f"{moment:{SECOND}-%f}"


def _moment(name: str) -> datetime | None:
    """The last moment that a name stands for; None where it is no run's."""
    known = NAME.fullmatch(name)
    try:
        second = datetime.strptime(known[1], SECOND).replace(tzinfo=UTC) if known else None
    except ValueError:
        return None
    if known is None or second is None:
        return None
    # An earlier form had four digits in no order within their second.
    micros = int(known[2]) if re.fullmatch(r"\d{6}", known[2]) else 999_999
    return second + timedelta(microseconds=micros)
