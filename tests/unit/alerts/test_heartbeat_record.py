"""Test that a heartbeat service that accepts nothing is reported, and fills no journal."""

from __future__ import annotations

import pytest

from piwizard.alerts import heartbeat_record
from piwizard.alerts.heartbeat_record import MAX_SECONDS, heartbeat_problems, new_lines, note_ping


@pytest.fixture
def clock(own_places, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds since the start, to change."""
    now = [100.0]
    monkeypatch.setattr(heartbeat_record, "_since_start", lambda: now[0])
    return now


def test_service_that_accepts_nothing_for_hours_is_a_problem_until_it_does(clock):
    note_ping(accepted=False)
    assert heartbeat_problems() == []
    clock[0] += MAX_SECONDS - 1
    note_ping(accepted=False)
    assert heartbeat_problems() == []
    clock[0] += 1
    [problem] = heartbeat_problems()
    assert "alerts.heartbeat" in problem.hint
    note_ping(accepted=True)
    assert heartbeat_problems() == []
    note_ping(accepted=False)
    assert heartbeat_problems() == []


def test_line_is_in_the_journal_once_while_its_cause_lasts(clock):
    assert new_lines(["no answer"]) == ["no answer"]
    assert new_lines(["no answer"]) == []
    assert new_lines(["no answer", "not sent"]) == ["not sent"]
    assert new_lines([]) == []
    assert new_lines(["no answer"]) == ["no answer"]
