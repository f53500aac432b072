"""Try a sample of tests/lab/faults, whose own command tries everything."""

from __future__ import annotations

import pytest

from tests.lab.faults.driver import Driver
from tests.lab.faults.journeys import JOURNEYS
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.points import chosen
from tests.lab.lab import Lab

SAMPLE = {
    "road": ("disk", "power"),
    "deploy": ("ssh", "kill"),
    "ddns": ("apt",),
    "router": ("kill", "network"),
    "https": ("service", "viewer"),
}


@pytest.mark.parametrize("journey", SAMPLE)
def test_interrupted_run_has_the_usual_result(lab: Lab, journey: str) -> None:
    driver = Driver(JOURNEYS[journey](lab, "trixie", f"broken-{journey}"))
    assert driver.counted > 20
    kinds = SAMPLE[journey]
    points = zip(chosen(driver.counted, len(kinds), None), kinds, strict=True)
    failed = {(event, kind): wrong for event, kind in points if (wrong := driver.broken_at(event, KINDS[kind]))}
    assert failed == {}
