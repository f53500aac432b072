"""A sample of the sweep (tests/lab/sweep.py), which is a command of its own and tries every event."""

from __future__ import annotations

import pytest

from tests.lab.lab import Lab
from tests.lab.sweep import JOURNEYS, points


@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_killed_run_ends_where_an_undisturbed_one_does(lab: Lab, journey: str) -> None:
    sweep = JOURNEYS[journey](lab, "trixie", f"swept-{journey}")
    counted, wanted = sweep.reference()
    assert counted > 20
    failed = {point: wrong for point in points(counted, 3, None) if (wrong := sweep.kill_at(point, wanted))}
    assert failed == {}
