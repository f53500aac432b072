"""Test the estimates of how long steps take."""

from __future__ import annotations

from piwizard.setup.estimates import SECONDS_OF_REQUIRED_STEPS
from piwizard.steps.registry import STEPS


def test_estimate_of_a_first_setup_is_that_of_its_required_steps():
    assert sum(step.typical_seconds for step in STEPS if not step.optional) == SECONDS_OF_REQUIRED_STEPS
