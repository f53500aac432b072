"""Test that the last run is the last by name, even if the clock is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from piwizard.engine.run_launch import next_run_id

NOON = datetime(2026, 11, 22, 12, 0, 0, 250, tzinfo=UTC)


def test_runs_of_the_same_second_are_in_order() -> None:
    first = next_run_id(None, NOON)
    assert first == "20261122T120000-000250"
    assert next_run_id(first, NOON + timedelta(microseconds=1)) == "20261122T120000-000251"
    assert next_run_id(first, NOON) == "20261122T120000-000251"


def test_run_id_is_later_even_if_the_clock_goes_back() -> None:
    names = [next_run_id(None, NOON)]
    for hours in range(1, 4):
        names.append(next_run_id(names[-1], NOON - timedelta(hours=hours)))
    assert names == sorted(names)
    assert len(set(names)) == 4


def test_run_id_follows_an_id_of_an_older_version() -> None:
    assert next_run_id("20261122T120000-ffff", NOON) == "20261122T120001-000000"
    assert next_run_id("20261122T115959-ffff", NOON) == "20261122T120000-000250"


def test_run_id_of_a_full_second_uses_the_next() -> None:
    assert next_run_id("20261122T235959-999999", NOON) == "20261123T000000-000000"


def test_run_id_ignores_other_files() -> None:
    for other in ("lost+found", "20269999T120000-000000"):
        assert next_run_id(other, NOON) == "20261122T120000-000250"
