"""Test that timers do not start everything in the first minute after a boot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from piwizard.steps.backup import SCHEDULES
from tests.lab.product import CHECKOUT

TIMERS = sorted((CHECKOUT / "templates/systemd").glob("*.timer*"))
OF_THE_USER = {"scheduled.timer.j2"}
"""The user chooses these times."""
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def seconds(span: str) -> int:
    """Return the seconds of a time span such as 15min."""
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", span).groups()
    return int(number) * UNITS[unit]


def values(timer: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.+)$", timer.read_text(), re.MULTILINE)


def test_each_timer_is_known():
    assert len(TIMERS) >= 9


@pytest.mark.parametrize("timer", TIMERS, ids=lambda one: one.name)
def test_timer_that_makes_up_for_missed_times_waits_at_random(timer):
    """systemd applies the delay at boot, too: a Pi that was off overnight starts nothing at once."""
    delays = values(timer, "RandomizedDelaySec")
    if values(timer, "Persistent") and "{{ delay }}" not in delays:
        assert seconds(delays[0]) >= 3600


def test_backups_wait_at_random():
    assert all(seconds(delay) >= 600 for _, delay in SCHEDULES.values())


def test_timers_after_boot_start_apart():
    starts = [seconds(one) for timer in TIMERS if timer.name not in OF_THE_USER for one in values(timer, "OnBootSec")]
    assert starts
    assert min(starts) >= 60
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize("unit", ["autodeploy.service.j2", "webhook.service.j2", "alerts.service", "egress.service.j2"])
def test_unit_that_a_socket_or_path_starts_has_a_limit_of_its_own(unit):
    """After 5 starts in 10 seconds, systemd closes the socket or path, and it stays closed."""
    interval, burst = (
        values(CHECKOUT / "templates/systemd" / unit, f"StartLimit{one}") for one in ("IntervalSec", "Burst")
    )
    assert interval == ["0"] or int(burst[0]) / seconds(interval[0]) >= 1
