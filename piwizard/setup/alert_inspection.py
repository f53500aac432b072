"""Find the problems that exist now, for alerts.

Every inspection makes the checks that cost almost nothing, and looks up the domains. Once an hour, or at once if a
domain has other addresses than before, it inspects every step completely, which includes the view from outside. What
the last complete inspection found is kept in /run, so that an idle Pi writes nothing to its card.

A problem outside this machine counts only if it lasts: every night, many home connections are interrupted for a moment
and get another public IP, and it takes minutes until the domain points to it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, field
from pathlib import Path

from piwizard.alerts import failed_logins
from piwizard.alerts.problem_log import Observation
from piwizard.engine.state import State
from piwizard.setup import health_timer, name_watch, workspace
from piwizard.setup.health import inspect_live
from piwizard.setup.health_timer import Problem
from piwizard.setup.planner import Planner
from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

COMPLETE_SECONDS = 3600.0
"""The time between two complete inspections."""
RETRY_SECONDS = 900.0
"""The same while the last one has found problems, to notice their end sooner."""
OUTSIDE_SECONDS = 480.0
"""A problem outside this machine has to last this long, plus the interval of the DDNS client if that is longer."""
CLIENT_MINUTES = 5
LOGINS = "failed-logins"


@dataclass(frozen=True)
class LastInspection:
    """The result of the last complete inspection, forgotten at a reboot.

    `at` is the time of the kernel's clock that nobody sets, in seconds since the start. `unconfirmed` are the problems
    that do not count yet, by id, with the time at which each was first seen. `names` are the addresses of the domains.
    """

    at: float
    problems: tuple[Problem, ...] = ()
    unconfirmed: Mapping[str, float] = field(default_factory=dict)
    logins: int | None = None
    names: name_watch.Records = field(default_factory=dict)


@dataclass(frozen=True)
class Inspection:
    """The problems that exist now.

    `live` are the keys of those that the quick checks have found, `lines` are for the journal.
    """

    problems: tuple[Observation, ...]
    live: frozenset[str]
    lines: tuple[str, ...] = ()


def inspect_all(planner: Planner, *, complete: bool) -> Inspection:
    """Make the quick checks, and the complete ones if it is time or `complete`."""
    state, last = workspace.state(), load_inspection()
    lines: list[str] = []
    names = name_watch.look_up_names(name_watch.public_domains(planner.answers))
    moved = name_watch.moved_names(last.names, names) if last else set()
    if complete or moved or last is None or _is_due(last):
        last = _inspect_completely(planner, state, last, {**(last.names if last else {}), **names}, moved)
        with suppress(OSError):  # the card is full or read-only: the message still has to leave
            lines = health_timer.show_at_login(_counted(last))
    problems = {one.id: one for one in _counted(last)}
    live = set()
    for instance in health_timer.done_instances(planner, state):
        for check in inspect_live(planner, instance).checks:
            key = health_timer.check_key(instance, check)
            problems.pop(key, None)
            if not check.ok:
                problems[key] = health_timer.problem_of(instance, check)
                live.add(key)
    found = [Observation(one.id, one.label, one.text) for one in problems.values()]
    if last.logins is not None and not (logins := failed_logins.check_failed_logins(last.logins)).ok:
        found.append(Observation(LOGINS, logins.name, logins.detail, logins.advice))
    return Inspection(tuple(found), frozenset(live), tuple(lines))


def _inspect_completely(
    planner: Planner, state: State, before: LastInspection | None, names: name_watch.Records, moved: set[str]
) -> LastInspection:
    """Inspect every step and every domain, and keep the result."""
    followed = planner.answers_of(None).get("ddns.hostname")  # the step `ddns` checks it
    others = [one for one in name_watch.public_domains(planner.answers) if one != followed]
    network = planner.context.facts.network
    found = (*health_timer.problems(planner, state), *name_watch.name_problems(others, network))
    now = since_start()
    unconfirmed = dict(_unconfirmed(planner, found, before, moved, now))
    last = LastInspection(now, found, unconfirmed, failed_logins.count_failed_logins(), names)
    _save_inspection(last)
    return last


def _unconfirmed(
    planner: Planner, found: tuple[Problem, ...], before: LastInspection | None, moved: set[str], now: float
) -> Iterator[tuple[str, float]]:
    """Yield the problems that do not count yet, with the time at which each was first seen."""
    counted = {one.id for one in _counted(before)} if before else set()
    interval = int(planner.answers_of(None).get("ddns.interval", CLIENT_MINUTES))
    enough = OUTSIDE_SECONDS + 60.0 * max(0, interval - CLIENT_MINUTES)
    for one in found:
        # A domain that somebody has pointed elsewhere does not return by itself.
        if not one.beyond or one.id in counted or one.subject in moved:
            continue
        since = before.unconfirmed.get(one.id, now) if before else now
        if now - since < enough:
            yield one.id, since


def _counted(last: LastInspection) -> list[Problem]:
    return [one for one in last.problems if one.id not in last.unconfirmed]


def _is_due(last: LastInspection) -> bool:
    if last.unconfirmed:
        return True
    return since_start() - last.at >= (RETRY_SECONDS if last.problems else COMPLETE_SECONDS)


def since_start() -> float:
    """Return the seconds since the start of this machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _inspection_file() -> Path:
    return paths.lock_file().with_name("inspection.json")


def load_inspection() -> LastInspection | None:
    """Return the last complete inspection; None if there was none since the start."""
    try:
        whole = json.loads(files.read(_inspection_file()) or b"")
        problems = tuple(Problem(**one) for one in whole["problems"])
        names = {str(name): tuple(map(str, found)) for name, found in whole["names"].items()}
        since = {str(key): float(at) for key, at in whole["unconfirmed"].items()}
        return LastInspection(float(whole["at"]), problems, since, whole["logins"], names)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _save_inspection(last: LastInspection) -> None:
    files.make_folders(_inspection_file().parent)
    files.replace(_inspection_file(), json.dumps(asdict(last)).encode(), mode=0o600)
