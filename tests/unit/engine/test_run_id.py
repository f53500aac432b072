"""Test that the last run is the last by name, even if the clock is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from piwizard.engine.run_launch import next_run_id

NOON = datetime(2026, 11, 22, 12, 0, 0, 250, tzinfo=UTC)


def test_two_runs_of_one_second_sort_as_they_came() -> None:
    first = next_run_id(None, NOON)
    assert first == "20261122T120000-000250"
    assert next_run_id(first, NOON + timedelta(microseconds=1)) == "20261122T120000-000251"
    assert next_run_id(first, NOON) == "20261122T120000-000251"


def test_a_clock_that_went_back() -> None:
    names = [next_run_id(None, NOON)]
    for hours in range(1, 4):
        names.append(next_run_id(names[-1], NOON - timedelta(hours=hours)))
    assert names == sorted(names)
    assert len(set(names)) == 4


def test_after_a_name_of_an_older_release() -> None:
    assert next_run_id("20261122T120000-ffff", NOON) == "20261122T120001-000000"
    assert next_run_id("20261122T115959-ffff", NOON) == "20261122T120000-000250"


def test_a_full_second_is_followed_by_the_next() -> None:
    assert next_run_id("20261122T235959-999999", NOON) == "20261123T000000-000000"


def test_something_else_in_the_folder() -> None:
    for other in ("lost+found", "20269999T120000-000000"):
        assert next_run_id(other, NOON) == "20261122T120000-000250"
