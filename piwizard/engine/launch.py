"""Starts a run as a process that no terminal owns, finds one that is under way, and ends it."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from piwizard.engine import lock
from piwizard.errors import PiwizardError
from piwizard.machine import commands, files, places, units

GENTLE = ("CPUWeight=20", "IOWeight=20", "Nice=10", "IOSchedulingClass=best-effort", "IOSchedulingPriority=7")
"""A build takes what the running sites and SSH leave. The weights do that between services, where a nice value counts
for nothing; nice and the priority do where the kernel lacks those controllers."""


@dataclass(frozen=True)
class Request:
    """What a run shall do: `action` (apply or undo) with these pairs of step and site, in this order."""

    action: str
    steps: tuple[tuple[str, str | None], ...]
    overwrite: bool = False
    pins: tuple[tuple[str, str], ...] = ()
    """Pairs of site and commit: the code that was looked at when the person said yes."""
    wipe: bool = False
    """Undo takes away also what the app has written."""


def unit(run: str) -> str:
    """The transient systemd unit of a run."""
    return f"piwizard-run-{run}.service"


def folder(run: str) -> Path:
    """Where the record of a run lies."""
    return places.logs_dir() / run


def request(run: str) -> Request:
    """What a run was asked to do."""
    raw = json.loads((folder(run) / "request.json").read_bytes())
    steps, pins = (tuple((first, second) for first, second in raw[key]) for key in ("steps", "pins"))
    return Request(raw["action"], steps, raw["overwrite"], pins, raw["wipe"])


def under_way() -> str | None:
    """The run that is under way, None if there is none."""
    return lock.holder(places.lock_file())


def alive(run: str) -> bool:
    """Whether a run is under way, or its process is about to begin: on a small board that takes many seconds."""
    return under_way() == run or units.ask([unit(run)])[unit(run)].active not in ("inactive", "failed")


def require_free() -> None:
    """PiwizardError where a run is under way already."""
    other = under_way()
    if other:
        raise PiwizardError(
            f"A run is under way already ({other}).", hint="`piwizard logs -f` shows it, `piwizard stop` ends it."
        )


def start(wanted: Request) -> str:
    """Starts the run and returns its name. PiwizardError where one is under way, or systemd does not run."""
    require_systemd()
    require_free()
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    folder(run).mkdir(parents=True, mode=0o700)
    files.replace(folder(run) / "request.json", json.dumps(asdict(wanted)).encode(), mode=0o600)
    what = ", ".join(dict.fromkeys(step for step, _ in wanted.steps))
    # mixed: a stop asks the run itself first, which ends its commands in order and writes that down.
    # continue: a pip that ran out of memory is the run's to explain, not the end of it.
    settings = ("KillMode=mixed", "TimeoutStopSec=60", "Type=exec", "OOMPolicy=continue", *GENTLE)
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
