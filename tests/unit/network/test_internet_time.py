"""Test the clock against the Internet's time, and without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from piwizard.network.internet_time import EARLIEST, ClockReading, check_clock

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("off", "ok"), [(0, True), (200, True), (-200, True), (400, False), (-86400 * 400, False)])
def test_clock_is_compared_with_the_internet(off, ok):
    check = check_clock(ClockReading(NOW + timedelta(seconds=off), NOW))
    assert check.ok is ok
    assert ok or "but it is 2026-11-22 12:00 UTC" in check.detail
    assert ok or check.advice == "Run `sudo timedatectl set-ntp true` to set the clock from the Internet."


@pytest.mark.parametrize(("now", "ok"), [(NOW, True), (EARLIEST - timedelta(days=1), False)])
def test_clock_without_internet_is_no_earlier_than_piwizard(now, ok):
    assert check_clock(None, now).ok is ok
