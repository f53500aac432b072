"""Interrupt a deploy and resume it.

`python -m tests.lab.faults` tries every event.
"""

from __future__ import annotations

import pytest

from tests.lab.faults.driver import Driver
from tests.lab.faults.journeys import JOURNEYS
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.points import chosen
from tests.lab.lab import Lab


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["power"])
def test_deploy_after_a_power_cut_has_the_usual_result(lab: Lab, kind: str) -> None:
    driver = Driver(JOURNEYS["deploy"](lab, "trixie", "broken-deploy"))
    assert driver.counted > 20
    (event,) = chosen(driver.counted, 1, None)
    assert driver.broken_at(event, KINDS[kind]) == []
